# SPDX-License-Identifier: EUPL-1.2
"""Answers in place of a source archive when pip asks for its name and version.

pip cannot download a source archive without its metadata, and to get them it would install the
build tools which the archive names, unpinned, and run the archive's own build script.  deps/fetch
puts this module under the names of those build tools instead: nothing foreign runs, nothing else
is downloaded, and the 77 MB of llama.cpp come in 6 s in place of 39.
"""
import email
import os
import shutil
import sys

__legacy__ = sys.modules[__name__]


def prepare_metadata_for_build_wheel(directory, config_settings=None):
    with open("PKG-INFO", encoding="utf-8") as file:
        head = email.message_from_file(file)
    name = head["Name"].replace("-", "_")
    info = "{}-{}.dist-info".format(name, head["Version"])
    os.mkdir(os.path.join(directory, info))
    shutil.copy("PKG-INFO", os.path.join(directory, info, "METADATA"))
    return info
