/* SPDX-License-Identifier: Apache-2.0 */
/* The table of kinds: which C type is decoded by which hooks. To add an object type, add its hooks and a line here. */
#include "kind.h"

#include <string.h>

#include "buffer.h"
#include "code.h"
#include "dict.h"
#include "frame.h"
#include "generator.h"
#include "module_state.h"
#include "ndarray.h"
#include "number.h"
#include "sequence.h"
#include "set.h"
#include "stdlib_references.h"
#include "stdlib_types.h"
#include "thread.h"
#include "type_object.h"
#include "unicode.h"

/*
 * datetime.time and .datetime leave tzinfo, their last member, out of the block when they have none
 * (Modules/_datetimemodule.c); both say so at the same place.
 */
static uint64_t datetime_extent(const struct hs_cpython *py, const struct hs_object *object)
{
	int32_t has_tzinfo = HS_OFFSET(py->layout, PyDateTime_DateTime, hastzinfo);
	bool has = has_tzinfo != HS_ABSENT && hs_body_u32(object, has_tzinfo) & 0xff;

	return object->type->solid_base->basicsize - (has ? 0 : sizeof(uint64_t));
}

static const struct hs_kind kinds[] = {
	{ "int", hs_int_size, hs_int_extent, hs_leaf_visit, true, .is_raw = true, .is_leaf = true },
	{ "str", hs_str_size, hs_str_extent, hs_str_visit, true, .is_raw = true, .is_leaf = true },
	{ "float", NULL, NULL, hs_leaf_visit, false, .is_leaf = true },
	{ "bytes", NULL, NULL, hs_leaf_visit, true, .is_raw = true, .is_leaf = true },
	{ "tuple", NULL, NULL, hs_tuple_visit, true },
	{ "list", hs_list_size, NULL, hs_list_visit, false },
	{ "dict", hs_dict_size, NULL, hs_dict_visit, false },
	{ "frozendict", hs_dict_size, NULL, hs_dict_visit, false },
	{ "collections.OrderedDict", hs_odict_size, NULL, hs_odict_visit, false },
	{ "set", hs_set_size, NULL, hs_set_visit, false },
	{ "frozenset", hs_set_size, NULL, hs_set_visit, false },
	{ "collections.deque", hs_deque_size, NULL, hs_deque_visit, false },
	{ "bytearray", hs_bytearray_size, NULL, hs_bytearray_visit, false, .is_raw = true },
	{ "array.array", hs_array_size, NULL, hs_array_visit, false, .is_raw = true },
	{ "code", hs_code_size, hs_code_extent, NULL, true, .visit_more = hs_code_visit_more },
	{ "_thread.lock", NULL, NULL, NULL, false, .visit_more = hs_lock_visit_more },
	{ "_thread.RLock", NULL, NULL, NULL, false, .visit_more = hs_rlock_visit_more },
	{ "frame", hs_frame_size, hs_frame_extent, hs_frame_visit, true },
	{ "generator", hs_generator_size, hs_generator_extent, hs_generator_visit, true },
	{ "coroutine", hs_generator_size, hs_generator_extent, hs_generator_visit, true },
	{ "async_generator", hs_generator_size, hs_generator_extent, hs_generator_visit, true },
	{ "type", hs_type_size, hs_type_extent, hs_type_visit, true },
	{ "_ctypes.CType_Type", hs_ctype_size, hs_type_extent, hs_type_visit, true },
	{ "_ctypes._CData", NULL, NULL, hs_cdata_visit, false },
	{ "StgDict", hs_stgdict_size, NULL, hs_dict_visit, false },
	{ "_io.BytesIO", hs_bytesio_size, NULL, NULL, false },
	{ "_io.StringIO", .is_raw = true, .visit_more = hs_string_io_visit_more }, /* its text, which malloc does not clear before */
	{ "_csv.reader", .is_raw = true },
	{ "_csv.writer", .is_raw = true },
	{ "_io.BufferedReader", hs_buffered_size, NULL, NULL, false, .visit_more = hs_buffered_visit_more },
	{ "_io.BufferedWriter", hs_buffered_size, NULL, NULL, false, .visit_more = hs_buffered_visit_more },
	{ "_io.BufferedRandom", hs_buffered_size, NULL, NULL, false, .visit_more = hs_buffered_visit_more },
	{ "Struct", hs_struct_size, NULL, NULL, false, .is_raw = true }, /* up to 3.8 */
	{ "_struct.Struct", hs_struct_size, NULL, NULL, false, .is_raw = true },
	{ "_pickle.Pickler", hs_pickler_size, NULL, NULL, false, .visit_more = hs_pickler_visit_more },
	{ "_pickle.Unpickler", hs_unpickler_size, NULL, NULL, false, .visit_more = hs_unpickler_visit_more },
	{ "xml.etree.ElementTree.Element", hs_element_size, NULL, NULL, false, .visit_more = hs_element_visit_more },
	{ "decimal.Decimal", hs_decimal_size, NULL, NULL, false, .is_raw = true },
	{ "itertools.product", hs_product_size, NULL, NULL, false },
	{ "itertools.permutations", hs_permutations_size, NULL, NULL, false },
	{ "itertools.combinations", hs_combinations_size, NULL, NULL, false },
	{ "itertools.combinations_with_replacement", hs_combinations_size, NULL, NULL, false },
	{ "_queue.SimpleQueue", hs_simplequeue_size, NULL, NULL, false, .visit_more = hs_simple_queue_visit_more },
	{ "functools._lru_cache_wrapper", .visit_more = hs_lru_cache_visit_more },
	{ "_elementtree._element_iterator", .visit_more = hs_element_iterator_visit_more },
	{ "pyexpat.xmlparser", .visit_more = hs_xml_parser_visit_more },
	{ "_pickle.Pdata", .visit_more = hs_pickle_stack_visit_more },
	{ "itertools._tee_dataobject", .visit_more = hs_tee_data_visit_more },
	{ "hamt_bitmap_node", .visit_more = hs_hamt_visit_more },
	{ "hamt_collision_node", .visit_more = hs_hamt_visit_more },
	{ "_sre.SRE_Template", .visit_more = hs_template_visit_more },
	{ "sqlite3.Connection", .visit_more = hs_sqlite_connection_visit_more },
	{ "module", .visit_more = hs_module_visit_more },
	{ "numpy.ndarray", NULL, NULL, hs_ndarray_visit, false, .is_raw = true },
	/* up to 3.11: a hash's state, and input that was not used up */
	{ "_sha256.sha224", NULL, NULL, hs_leaf_visit, false },
	{ "_sha256.sha256", NULL, NULL, hs_leaf_visit, false },
	{ "_sha512.sha384", NULL, NULL, hs_leaf_visit, false },
	{ "_sha512.sha512", NULL, NULL, hs_leaf_visit, false },
	/* Objects/unicodeobject.c: tables of its own lie behind the struct */
	{ "EncodingMap", NULL, NULL, hs_leaf_visit, true },
	{ "datetime.time", NULL, datetime_extent, NULL, true, .visit_more = hs_time_visit_more },
	{ "datetime.datetime", NULL, datetime_extent, NULL, true, .visit_more = hs_datetime_visit_more },
};

static const struct hs_kind plain = { .tp_name = "object" };

const struct hs_kind *hs_kind_plain(void)
{
	return &plain;
}

const struct hs_kind *hs_kind_by_name(const char *tp_name, size_t bytes)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strlen(kinds[i].tp_name) == bytes && memcmp(kinds[i].tp_name, tp_name, bytes) == 0)
			return &kinds[i];
	return NULL;
}
