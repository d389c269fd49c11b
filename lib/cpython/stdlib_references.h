/* SPDX-License-Identifier: Apache-2.0 */
/* References that C types keep in arrays, chains and blocks of their own, beside the members of their struct; see kind.h. */
#ifndef HS_STDLIB_REFERENCES_H
#define HS_STDLIB_REFERENCES_H

#include "kind.h"

typedef void hs_visit_hook(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor);

hs_visit_hook hs_lru_cache_visit_more;
hs_visit_hook hs_element_visit_more;
hs_visit_hook hs_element_iterator_visit_more;
hs_visit_hook hs_xml_parser_visit_more;
hs_visit_hook hs_pickler_visit_more;
hs_visit_hook hs_unpickler_visit_more;
hs_visit_hook hs_pickle_stack_visit_more;
hs_visit_hook hs_tee_data_visit_more;
hs_visit_hook hs_simple_queue_visit_more;
hs_visit_hook hs_string_io_visit_more;
hs_visit_hook hs_datetime_visit_more;
hs_visit_hook hs_time_visit_more;
hs_visit_hook hs_code_visit_more;
hs_visit_hook hs_template_visit_more;
hs_visit_hook hs_sqlite_connection_visit_more;
/* Nodes of the mapping that a contextvars.Context is, but for those that are an array of others. */
hs_visit_hook hs_hamt_visit_more;

#endif
