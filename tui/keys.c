/* SPDX-License-Identifier: Apache-2.0 */
/* The table of keys. */
#include "keys.h"

#define HS_GROUP(title) { HS_REQUEST_NONE, HS_KEY_NONE, HS_ANYWHERE, NULL, NULL, title },
#define HS_BIND(request, key, where, name, footer, help) { request, key, where, name, footer, help },
const struct hs_binding hs_bindings[] = {
#include "keys.def"
};
#undef HS_GROUP
#undef HS_BIND

const size_t hs_n_bindings = sizeof(hs_bindings) / sizeof(*hs_bindings);

bool hs_request_is_live(enum hs_request request)
{
	return request == HS_REQUEST_SAMPLE || request == HS_REQUEST_FREEZE || request == HS_REQUEST_LONGER || request == HS_REQUEST_SHORTER ||
	       request == HS_REQUEST_BASELINE;
}

enum hs_request hs_keys_request(uint32_t key, enum hs_view_id view)
{
	for (size_t i = 0; i < hs_n_bindings; i++)
		if (hs_bindings[i].key == key && hs_bindings[i].request && hs_bindings[i].views & HS_IN(view))
			return hs_bindings[i].request;
	return HS_REQUEST_NONE;
}
