/* SPDX-License-Identifier: Apache-2.0 */
/* Figures of one lru_cache. What it refers to is visited elsewhere (stdlib_references.c). */
#include "lru_cache.h"

#include "reference_name.h"

bool hs_is_lru_cache(const struct hs_object *object)
{
	return !strcmp(object->type->kind->tp_name, "functools._lru_cache_wrapper");
}

bool hs_lru_cache_read(const struct hs_cpython *py, const struct hs_object *object, struct hs_lru_cache *ret)
{
	if (!hs_is_lru_cache(object) || !HS_HAS(py->layout, lru_cache_object, hits))
		return false;
	*ret = (struct hs_lru_cache){
		.function = hs_object_field(py, object, "__wrapped__"), .table = hs_object_field(py, object, "cache"),
		.hits = HS_BODY(py, object, lru_cache_object, hits), .misses = HS_BODY(py, object, lru_cache_object, misses),
		.max_size = (int64_t)HS_BODY(py, object, lru_cache_object, maxsize),
		.is_typed = HS_BODY_FIELD(py, object, lru_cache_object, typed) != 0,
	};
	/* cache_info() takes the dict's length, too */
	if (ret->table)
		ret->size = hs_image_word(py->image, ret->table + (uint32_t)HS_OFFSET(py->layout, PyDictObject, ma_used));
	return true;
}
