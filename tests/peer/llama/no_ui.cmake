# SPDX-License-Identifier: EUPL-1.2
#
# Read by CMake after llama.cpp's project().  llama-server wants a web page compiled in, and the
# script that makes the page is not in the archive we pin; so it gets none.
function(add_custom_target name)
    if(NOT name STREQUAL "llama-ui-assets")
        _add_custom_target(${name} ${ARGN})
        return()
    endif()
    set(N_ASSETS 0)
    set(USE_GZIP false)
    set(ASSET_ARRAYS "")
    set(ASSET_TABLE "")
    configure_file(ui.cpp.in "${CMAKE_CURRENT_BINARY_DIR}/ui.cpp" @ONLY)
    configure_file(ui.h.in "${CMAKE_CURRENT_BINARY_DIR}/ui.h" @ONLY)
    _add_custom_target(${name})
endfunction()
