/* SPDX-License-Identifier: Apache-2.0 */
/* Kind hooks of list, tuple and deque, see kind.h for what they return; and the items of a list. */
#ifndef HS_SEQUENCE_H
#define HS_SEQUENCE_H

#include "kind.h"

uint64_t hs_list_size(const struct hs_cpython *py, const struct hs_object *object);
void hs_list_visit(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor);
void hs_tuple_visit(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor);
uint64_t hs_deque_size(const struct hs_cpython *py, const struct hs_object *object);
void hs_deque_visit(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor);

/*
 * The items of the list object at `address`: *ret_n addresses, borrowed from the image. False when there is no list, or its items are
 * not in the image.
 */
bool hs_list_items(const struct hs_cpython *py, struct hs_types *types, hs_addr address, const hs_addr **ret, uint64_t *ret_n);

#endif
