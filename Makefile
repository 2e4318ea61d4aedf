# SPDX-License-Identifier: EUPL-1.2
# Hoheit, non-recursive. Directories and arrows come from LAYERS: each directory is one
# archive, each x_test.c one program linked with its layer and what that layer may reach.
#   make [B=debug|release|asan|tsan|fuzz] [CC=gcc|clang-14] [ENGINES="toy llama"] [ENGINE_CUDA=1] [TARGET]
B       ?= debug
ENGINES ?= toy llama
OUT     ?= build
PREFIX  ?= /usr/local
ifeq ($(origin CC),default)
CC := gcc
endif
ifeq ($(origin CXX),default)
CXX := g++
endif
-include config.mk

O     := $(OUT)/$B-$(notdir $(lastword $(CC)))
DIRS  := $(shell sed -n 's/^\([a-z][a-z/]*\):.*/\1/p' LAYERS)
DIRS  := $(filter-out main $(if $(filter llama,$(ENGINES)),,engine/llama),$(DIRS))
may    = $(shell sed -n 's|^$1: *||p' LAYERS)
lib    = $(O)/lib/lib$(subst /,-,$1).a
flip   = $(if $1,$(call flip,$(wordlist 2,99,$1)) $(firstword $1))

LLHTTP := $(shell deps/path llhttp)
YYJSON := $(shell deps/path yyjson)
PKGS   := libuv libnghttp2 openssl libsodium sqlite3 libcyaml yaml-0.1 libseccomp libzip expat zlib libpng libjpeg
comma  := ,

include flags.mk
CPPFLAGS := -D_GNU_SOURCE -Isrc -isystem $(YYJSON) -isystem $(LLHTTP)/include
CFLAGS   := -std=gnu17 $(FLAGS_$B) $(SAN_$B) $(WARN) $(HARD) $(shell pkg-config --cflags $(PKGS))
LDFLAGS  := $(SAN_$B) -pie -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed
LDLIBS   := $(shell pkg-config --libs $(PKGS)) -lpthread -lm
ifneq ($(filter llama,$(ENGINES)),)
LLAMA       := $(shell env -u CC -u CXX ENGINE_CUDA=$(ENGINE_CUDA) deps/build-engine --where)
ifeq ($(ENGINE_CUDA)$(LLAMA),1)
$(error no engine with CUDA: run ENGINE_CUDA=1 deps/build-engine first)
endif
LLAMA_FLAGS  = -isystem $(LLAMA)/include -isystem $(LLAMA)/include/common
LLAMA_LIBS   = -Wl,-u,__wrap_fopen,--wrap=fopen,--wrap=fopen64 $(shell PKG_CONFIG_PATH=$(LLAMA)/lib/pkgconfig pkg-config --libs hoheit-llama)
endif

PROGRAMS := hoheitd hoheit-gate hoheit-log hoheit-egress hoheit-engine-toy hoheit-reader hoheit hoheit-verify $(if $(filter llama,$(ENGINES)),hoheit-engine)
main      = $(O)/obj/main/$(subst -,_,$(patsubst hoheit-%,%,$1)).c.o
BINS     := $(PROGRAMS:%=$(O)/bin/%)

.PHONY: all unit tests fuzz flow check leaktest lint install clean sbom man
.SECONDARY:
all: $(BINS)
say = @printf '  %-5s %s\n' $1 $(patsubst $(O)/%,%,$2);
link = @mkdir -p $(@D); printf '  %-5s %s\n' LINK $(patsubst $(O)/%,%,$@); $(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $1 $(LDLIBS)

# What decides a build beside its sources is kept in a file that is written anew when it changes;
# else what an earlier version left behind would be taken for made.
remember = $1$(shell mkdir -p $(dir $1); echo '$2' | cmp -s - $1 || echo '$2' >$1)
SETTINGS := $(call remember,$(O)/settings,$(shell $(CC) --version | head -n 1) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) $(LLAMA))

# ---- one block per directory: archive, test programs, target unit-<dir>
define layer
reach_$1 := $(sort $1 $(call may,$1) $(foreach d,$(call may,$1),$(reach_$d)))
LIBS_$1  := $$(foreach d,$$(call flip,$(DIRS)),$$(if $$(filter $$d,$$(reach_$1)),$$(call lib,$$d)))
TESTS_$1 := $$(patsubst tests/unit/%.c,$(O)/unit/%,$$(wildcard tests/unit/$1/*_test.c))
members_$1 := $(patsubst src/%,$(O)/obj/%.o,$(wildcard src/$1/*.c src/$1/*.cpp))
$(call lib,$1): $$(members_$1) $$(call remember,$(O)/lib/$1.members,$$(members_$1))
	@mkdir -p $$(@D); rm -f $$@; ar rcsD $$@ $$(members_$1)
$$(TESTS_$1): $(O)/unit/%: $(O)/obj/unit/%.c.o $(O)/obj/test.c.o $$(LIBS_$1) $(O)/lib/third.a
	@mkdir -p $$(@D)
	$$(call say,LINK,$$@) $(CC) $(LDFLAGS) -o $$@ $$^ $(if $(filter engine/llama,$1),$(LLAMA_LIBS)) $(LDLIBS)
unit-$(subst /,-,$1): $$(TESTS_$1)
	@tools/tap $$^
TESTS += $$(TESTS_$1)
endef
$(foreach d,$(DIRS),$(eval $(call layer,$d)))

PLAIN := $(filter-out engine/llama,$(DIRS))
bin-libs = $(foreach d,$(call flip,$1),$(call lib,$d)) $(O)/lib/third.a
$(O)/bin/hoheit-engine: $(call main,hoheit-engine) $(LIBS_engine/llama) $(O)/lib/third.a
	$(call link,$(LLAMA_LIBS))
define program
$(O)/bin/$1: $(call main,$1) $(call bin-libs,$(PLAIN))
	$$(call link)
endef
$(foreach p,$(filter-out hoheit-engine hoheit-verify,$(PROGRAMS)),$(eval $(call program,$p)))
# An auditor carries it away: static, small, made from the few files it needs.
VERIFY := $(addprefix base/,arena buf enc err fault num secret str utf8) crypt/quick crypt/sign \
  os/file $(addprefix audit/,merkle tiles note past retain/floor retain/retain judge) main/verify
$(O)/bin/hoheit-verify: $(VERIFY:%=src/%.c) $(O)/lib/third.a $(wildcard $(VERIFY:%=src/%.h))
	@mkdir -p $(@D)
	$(call say,LINK,$@) $(CC) $(CPPFLAGS) $(CFLAGS) $(if $(SAN_$B),,-Os -fno-asynchronous-unwind-tables -ffunction-sections -fdata-sections -static-pie -Wl$(comma)--gc-sections$(comma)-z$(comma)noseparate-code) \
	  $(if $(SAN_$B),$(LDFLAGS),$(filter-out -pie,$(LDFLAGS))) -o $@ $(filter %.c %.a,$^) -lsodium -lcrypto
$(O)/bin/tiny_log: $(O)/obj/tiny_log.c.o
$(O)/bin/policy_steps: $(O)/obj/proof/policy_steps.c.o
$(O)/bin/tiny_log $(O)/bin/policy_steps: $(call bin-libs,$(filter $(reach_audit),$(PLAIN)))
	$(call link)
$(O)/bin/tiny_gguf: $(O)/obj/tiny_gguf.c.o $(call bin-libs,base)
	$(call link)
$(O)/fuzz/%: $(O)/obj/fuzz/%.c.o $(if $(filter fuzz,$B),,$(O)/obj/fuzz/replay.c.o) $(call bin-libs,$(PLAIN))
	@mkdir -p $(@D)
	$(call say,LINK,$@) $(CC) $(subst fuzzer-no-link,fuzzer,$(LDFLAGS)) -o $@ $^ $(LDLIBS)

# ---- objects
COMPILE = @mkdir -p $(@D)
$(O)/obj/%.c.o: src/%.c $(SETTINGS)
	$(COMPILE)
	$(call say,CC,$<) $(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<
$(O)/obj/engine/llama/%.cpp.o: src/engine/llama/%.cpp $(SETTINGS)
	$(COMPILE)
	$(call say,CXX,$<) $(CXX) -std=gnu++17 $(FLAGS_$B) $(SAN_$B) -Wall -Wextra -Werror $(HARD) -Isrc $(LLAMA_FLAGS) -MMD -MP -c -o $@ $<
$(O)/obj/engine/llama/%.c.o: CPPFLAGS += $(LLAMA_FLAGS)
$(O)/obj/unit/engine/llama/%.c.o: CPPFLAGS += $(LLAMA_FLAGS)
$(O)/obj/%.c.o: tests/%.c $(SETTINGS)
	$(COMPILE)
	$(call say,CC,$<) $(CC) $(CPPFLAGS) -Itests $(CFLAGS) -MMD -MP -c -o $@ $<
$(O)/obj/main/%.c.o: CPPFLAGS += -DHOHEIT_COMMIT='"$(shell git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)"'
$(O)/lib/third.a: $(YYJSON)/yyjson.c $(wildcard $(LLHTTP)/src/*.c) $(SETTINGS)
	@mkdir -p $(@D) $(O)/obj/third; cd $(O)/obj/third && $(CC) -w -O2 -g1 $(SAN_$B) $(HARD) \
	  -I$(LLHTTP)/include -c $(filter %.c,$^) && rm -f $(abspath $@) && ar rcsD $(abspath $@) *.o
$(O)/obj/api/citizen/page.c.o: $(wildcard ui/citizen/*)
-include $(shell find $(O)/obj -name '*.d' 2>/dev/null)

# ---- tests and gates
FUZZ  := $(patsubst tests/fuzz/%.c,$(O)/fuzz/%,$(wildcard tests/fuzz/*_fuzz.c))
FLOWS := $(sort $(wildcard tests/proof/*.sh) $(filter-out %/lib.sh,$(wildcard tests/flow/*.sh)))
# Where sanitizers have nothing to see: models of ours, judges of others, packages.
ifneq ($(SAN_$B),)
FLOWS := $(filter-out tests/proof/%.sh tests/flow/05-% tests/flow/06-% tests/flow/70-% tests/flow/71-% tests/flow/72-%,$(FLOWS))
endif
export BIN := $(abspath $(O)/bin)
export TINY_GGUF := $(BIN)/tiny_gguf
UNIT ?= $(DIRS)
unit: $(foreach d,$(UNIT),$(TESTS_$d)) $(O)/bin/tiny_gguf
	@tools/tap $(foreach d,$(UNIT),$(TESTS_$d))
tests: $(TESTS)
fuzz: $(FUZZ)
flow: all $(O)/bin/tiny_gguf $(O)/bin/tiny_log $(O)/bin/policy_steps
	@rm -f $(O)/events; EVENTS=$(abspath $(O)/events) tools/tap $(FLOWS)
lint: ; @tools/lint
check: lint all $(TESTS) $(FUZZ) $(O)/bin/tiny_gguf $(O)/bin/tiny_log $(O)/bin/policy_steps
	@rm -f $(O)/events; EVENTS=$(abspath $(O)/events) tools/tap $(FLOWS) $(TESTS) $(FUZZ)
bench-http bench-gateway: bench-%:
	@$(MAKE) -s B=release all && BIN=$(abspath $(OUT)/release-$(notdir $(lastword $(CC)))/bin) python3 tests/bench/$*.py
bench-soak:
	@$(MAKE) -s B=release all && BIN=$(abspath $(OUT)/release-$(notdir $(lastword $(CC)))/bin) python3 tests/bench/gateway.py soak
bench-audit: R = $(OUT)/release-$(notdir $(lastword $(CC)))
bench-audit:
	@$(MAKE) -s B=release $R/bench/audit_bench $R/bench/query_bench && BENCH=$(abspath $R/bench) python3 tests/bench/audit.py
bench-know: ; @$(MAKE) -s B=release run-know_bench run-know_peers_bench
bench-engine: REL = $(OUT)/release-$(notdir $(lastword $(CC)))
bench-engine:
	@$(MAKE) -s B=release all $(REL)/bin/tiny_gguf run-engine_bench
	@BIN=$(abspath $(REL))/bin TINY_GGUF=$(abspath $(REL))/bin/tiny_gguf python3 tests/bench/engine.py
bench-%:
	@$(MAKE) -s B=release run-$*_bench
# USearch, sqlite-vec and FTS5, from where packages come.
run-know_peers_bench: PEERS = "$$(tests/peer/know/build $(abspath $(OUT))/peer-know)"
run-%: $(O)/bench/%
	@$< $(PEERS)
$(O)/bench/%: $(O)/obj/bench/%.c.o $(call bin-libs,$(PLAIN))
	$(call link)
# Programs that leak must be found out; none of them is ever installed.
leaktest: all
	@python3 tests/leak/leak.py
	@$(MAKE) -s mutant-labels mutant-pseudonym mutant-bodies mutant-explain
mutant-%: all
	@MUTANT_CC='$(CC) -I$(O)/mutant-$*/src $(CPPFLAGS) $(CFLAGS)' MUTANT_LD='$(CC) $(LDFLAGS)' \
	  MUTANT_LIBS='$(call bin-libs,$(PLAIN)) $(LDLIBS)' tests/leak/mutant $*
sbom: ; @tools/sbom
man: all
	@mkdir -p $(O)/man; $(O)/bin/hoheit doc man >$(O)/man/hoheit.1; $(O)/bin/hoheit doc params >$(O)/man/hoheit.yaml.5
install: all man
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(PREFIX)/share/man/man5 $(DESTDIR)$(PREFIX)/share/bash-completion/completions
	install -s $(BINS) $(DESTDIR)$(PREFIX)/bin
	install -m 644 $(O)/man/hoheit.1 $(DESTDIR)$(PREFIX)/share/man/man1; install -m 644 $(O)/man/hoheit.yaml.5 $(DESTDIR)$(PREFIX)/share/man/man5
	$(O)/bin/hoheit completion bash >$(DESTDIR)$(PREFIX)/share/bash-completion/completions/hoheit
clean:
	rm -rf $(OUT)
