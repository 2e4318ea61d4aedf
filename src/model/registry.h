/* SPDX-License-Identifier: EUPL-1.2 */
/* registry.h - which models there are: name, file by digest, what it can, what it may hold.
 *
 * A model file lies in the data directory as models/<sha256>.gguf; the registry's rows (store/)
 * say the rest.  A model may be an outside provider's, then it has no file and its origin says
 * whose
 * ("PROVIDER/NAME").  Names are [a-z0-9][a-z0-9._:-]{0,63} without case.
 *
 * An adapter (LoRA) is a file of its own that changes another model, its base: its engine is
 * "lora", and its origin is the base's name.  Asked for by its own name, it has an engine process
 * of its own that holds the base's weights and its own, so no text of it is in a batch, a cache or
 * a memory with another adapter's; the base's pages are shared.  A base stays as long as it has
 * adapters.
 *
 * A projector turns images into what its base reads.  It is taken in the same way: its engine is
 * "vision", and asked for by its own name is the base that sees.
 *
 * An alias maps a name that applications ask for ("gpt-4o") to one or more models of one kind, its
 * targets, never to another alias: "haus+hof,wolke" prefers haus and hof alike, then wolke; which
 * of them is taken is decided anew for each request (policy/routing.h).  The first model of a kind
 * is the default of that kind until another is said; removing a model takes it out of its aliases,
 * removes those that named no other, and leaves no default where it was it.
 *
 * Kept in memory, written through: a change is durable in the store before it is seen, and is not
 * seen when the store failed.  Each change is a transaction of its own.  A model that was found
 * stays readable until registry_free, removed or not.  One thread. */
#pragma once
#include "model/gguf.h"
#include "policy/policy.h"
#include "store/models.h"

typedef struct registry registry;

enum {
    REGISTRY_NAME_BYTES_MAX = 64,
    REGISTRY_MODELS_MAX = 4096,
    REGISTRY_ALIASES_MAX = 16384,
    REGISTRY_TARGETS_MAX = 16, /* of one alias */
    REGISTRY_SPEC_BYTES_MAX = REGISTRY_TARGETS_MAX * (REGISTRY_NAME_BYTES_MAX + 1)
};

enum model_kind { MODEL_CHAT, MODEL_EMBED };

struct model {
    str name, file, sha256, licence, architecture, origin, label_text;
    enum model_kind kind;
    str engine; /* "llama", "lora", "vision"; or without file and digest "toy", "remote" */
    uint64_t size_bytes, context_tokens, parameters, memory_bytes, embedding_dims;
    bool has_template;
    label sink; /* what it may hold: from label_text, see registry_sink */
    int64_t added_wall_ms;
};

/* `p` and `d` outlive the registry.  Every row is checked again; a bad one is CORRUPT. */
fallible registry_open(db *d, const policy *p, registry **ret);
void registry_free(registry *r);
/* Reads the head of an open file, validates it and fills a model (name, label and licence may be
 * overridden after); strings live in `a`.  File and digest are the caller's to say.  PARSE: not
 * whole; UNSUPPORTED: whole, but no model to serve (a part, an adapter …); IO. */
fallible model_inspect(int f, arena *a, struct model *ret);
/* The same for the file of an adapter of `base`: what it does not say itself is its base's.  PARSE;
 * UNSUPPORTED: it is none, or for another architecture, or `base` can have none; IO. */
fallible model_inspect_adapter(int f, const struct model *base, arena *a, struct model *ret);
/* Of a projector the same. */
bool model_is_adapter(const struct model *m);
/* Whose vectors an embedder's are: its name, and of a file's the beginning of its digest, so that
 * another file under the same name is another. */
enum { MODEL_EMBEDDER_MAX = 96 };
str model_embedder(const struct model *m, char room[MODEL_EMBEDDER_MAX]);
/* Is it a projector, with which its base is shown images? */
bool model_can_see(const struct model *m);
/* The same as model_inspect_adapter for the projector (mmproj) of `base`. */
fallible model_inspect_projector(int f, const struct model *base, arena *a, struct model *ret);
/* The built-in deterministic model without weights: "toy" or, for embeddings, "toy-embed". */
void model_toy(str name, enum model_kind kind, struct model *ret);
/* Copies `m`; its sink is not read but made from label_text.  ARGUMENT: bad name or field; PARSE:
 * bad label; CONFLICT: the name is taken by a model or an alias; MODEL_NOT_FOUND: an adapter's base
 * is not there; LIMIT. */
fallible registry_add(registry *r, const struct model *m);
/* MODEL_NOT_FOUND; CONFLICT: it has adapters. */
fallible registry_remove(registry *r, str name);
/* By name or alias; empty name: the default of that kind.  MODEL_NOT_FOUND, also when the model is
 * of the other kind, with a public sentence that lists the known names of that kind. */
fallible registry_find(const registry *r, str name, enum model_kind kind, const struct model **ret);
struct registry_target {
    const struct model *model;
    uint32_t rank; /* 0 first; equal ranks are equals */
};
/* All that the name may stand for, in the operator's order; else as registry_find, which gives the
 * first of them. */
fallible registry_targets(const registry *r, str name, enum model_kind kind,
                          struct registry_target ret[REGISTRY_TARGETS_MAX], size_t *ret_count);
/* By exact name, whatever kind; NULL if none. */
const struct model *registry_get(const registry *r, str name);
/* In order of name; NULL past the end. */
const struct model *registry_at(const registry *r, size_t i);
/* MODEL_NOT_FOUND. */
fallible registry_set_default(registry *r, str name);
bool registry_is_default(const registry *r, const struct model *m);
/* Makes or changes it; empty targets: removes it (NOT_FOUND).  ARGUMENT: bad name, or targets that
 * are aliases, named twice, of two kinds, or too many; MODEL_NOT_FOUND; CONFLICT: a model has that
 * name. */
fallible registry_set_alias(registry *r, str alias, str targets);
/* In order of alias; false past the end. */
bool registry_alias_at(const registry *r, size_t i, str *ret_alias, str *ret_targets);
