/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of a sample: each takes its own of the heap. */
#ifndef HS_SAMPLE_INTERNAL_H
#define HS_SAMPLE_INTERNAL_H

#include "sample.h"

/* sample_identity.c: a fingerprint for every place of the heap. The caller owns *ret. Errors: NO_MEMORY. */
struct hs_error *sample_identities_take(const struct hs_process_heap *heap, struct hs_identities **ret) HS_MUST_CHECK;
/* NULL is legal. */
void sample_identities_destroy(struct hs_identities *identities);
/* 0: no object began there. */
hs_fingerprint sample_identities_at(const struct hs_identities *identities, hs_addr address);

/* sample_containers.c: fills `containers` and `min_length`. Errors: NO_MEMORY. */
struct hs_error *sample_containers_take(const struct hs_process_heap *heap, size_t max_bytes, struct hs_sample *sample) HS_MUST_CHECK;
/* True for an object whose length can change and is known: a container as the sample means it. */
bool sample_is_container(const struct hs_cpython *py, const struct hs_object *object, uint64_t *ret_length);

#define SAMPLE_KEPT 0.8 /* a container that has kept so much of what it had is the one that it was */

#endif
