/* SPDX-License-Identifier: Apache-2.0 */
/* Saying what stands at an address that is no object's. */
#include "object_address.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "escape.h"

#define TYPE_NAME_BYTES 256

static void type_name_of(const struct hs_object_source *source, hs_node node, char *ret)
{
	const struct hs_type *type = hs_graph_type(source->graph, node);
	const char *name = type ? hs_type_short_name(hs_type_full_name(source->heap->types, type)) : "?";

	hs_escape(ret, TYPE_NAME_BYTES, name, strlen(name));
}

/* In or about an object: it is named, and its address is what to try. */
static struct hs_error *near_object(const struct hs_object_source *source, hs_addr address, const struct hs_location *location)
{
	char type[TYPE_NAME_BYTES];
	hs_addr object = hs_graph_address(source->graph, location->node);
	int64_t offset = (int64_t)(address - location->start);
	struct hs_error *error;

	type_name_of(source, location->node, type);
	if (location->place == HS_PLACE_STORAGE)
		error = hs_error_at(HS_ERROR_LOOKUP, address, "0x%" HS_PRI_ADDR " is no object: it lies at +%" PRId64 " in a block of %" PRIu64
				    " bytes that belongs to the %s at 0x%" HS_PRI_ADDR, address, offset, location->block_bytes, type, object);
	else
		error = hs_error_at(HS_ERROR_LOOKUP, address, "0x%" HS_PRI_ADDR " is no object: it lies inside the %s at 0x%" HS_PRI_ADDR ", at %+" PRId64,
				    address, type, object, (int64_t)(address - object));
	return hs_error_hint(error, "0x%" HS_PRI_ADDR, object);
}

static struct hs_error *nowhere(hs_addr address, const char *what)
{
	return hs_error_hint(hs_error_at(HS_ERROR_LOOKUP, address, "0x%" HS_PRI_ADDR " is no object: %s", address, what),
			     "heapspy objects PID TYPE lists the addresses of a type's objects; those of a process that has started anew are others");
}

struct hs_error *hs_object_node_of(const struct hs_object_source *source, hs_addr address, hs_node *ret)
{
	struct hs_location location;
	hs_node node = hs_graph_node_at(source->graph, address);

	if (node != HS_NO_NODE) {
		*ret = node;
		return NULL;
	}
	hs_graph_locate(source->graph, address, &location);
	switch (location.place) {
	case HS_PLACE_OBJECT:
	case HS_PLACE_INSIDE:
	case HS_PLACE_STORAGE:
		return near_object(source, address, &location);
	case HS_PLACE_FREE_BLOCK:
		return nowhere(address, "it lies in a free block of Python's allocator");
	case HS_PLACE_BLOCK:
		return nowhere(address, "it lies in a block that is in use, but by no object");
	case HS_PLACE_POOL:
		return nowhere(address, "it lies in a pool of Python's allocator where no block was handed out yet");
	case HS_PLACE_STATIC:
		return nowhere(address, "it lies in the static data of a binary");
	case HS_PLACE_OTHER:
		return nowhere(address, "it is mapped, but nothing of Python's starts there");
	case HS_PLACE_NOT_CAPTURED:
		return nowhere(address, "it is mapped, but that page was not copied");
	case HS_PLACE_UNMAPPED:
		break;
	}
	return nowhere(address, "that address is not mapped");
}
