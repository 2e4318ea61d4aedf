# SPDX-License-Identifier: EUPL-1.2
# flags.mk - what the compilers are asked for: warnings, hardening, variants (STYLE.md).
WARN := -Wall -Wextra -Wshadow -Wconversion -Wsign-conversion -Wcast-qual -Wcast-align \
  -Wpointer-arith -Wwrite-strings -Wstrict-prototypes -Wmissing-prototypes \
  -Wmissing-declarations -Wold-style-definition -Wredundant-decls -Wundef -Wvla -Walloca \
  -Wformat=2 -Wswitch-enum -Wimplicit-fallthrough -Wnull-dereference -Wdouble-promotion -Werror
HARD := -fstack-protector-strong -fstack-clash-protection -fcf-protection -fPIE -fno-common \
  -fvisibility=hidden -ftrivial-auto-var-init=pattern -ffile-prefix-map=$(CURDIR)=.
FLAGS_debug   := -Og -g -DHOHEIT_DEBUG=1
FLAGS_release := -O2 -g1 -D_FORTIFY_SOURCE=2
FLAGS_asan    := -O1 -g -fno-omit-frame-pointer -DHOHEIT_DEBUG=1 -DARENA_PIECES=1
FLAGS_tsan    := -O1 -g -DHOHEIT_DEBUG=1
FLAGS_fuzz    := -O1 -g -DHOHEIT_DEBUG=1 -DARENA_PIECES=1
SAN_asan := -fsanitize=address,undefined -fno-sanitize-recover=undefined
SAN_tsan := -fsanitize=thread
SAN_fuzz := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
# Under a sanitizer gcc 12 reports null dereferences and overruns that do not exist.
ifneq ($(SAN_$B),)
WARN += $(if $(findstring gcc,$(CC)),-Wno-null-dereference -Wno-stringop-overflow -Wno-maybe-uninitialized)
endif
