/* SPDX-License-Identifier: Apache-2.0 */
/* Reading one weak reference. */
#include "weak_reference.h"

#include "members.h"

enum hs_weak_kind hs_weak_kind_of(struct hs_types *types, const struct hs_type *type)
{
	static const struct {
		const char *name;
		enum hs_weak_kind kind;
	} kinds[] = {
		/* the second name of each: up to 3.8 */
		{ "weakref.ReferenceType", HS_WEAK_REF }, { "weakref", HS_WEAK_REF }, { "weakref.ProxyType", HS_WEAK_PROXY }, { "weakproxy", HS_WEAK_PROXY },
		{ "weakref.CallableProxyType", HS_WEAK_CALLABLE_PROXY }, { "weakcallableproxy", HS_WEAK_CALLABLE_PROXY },
	};

	while (type && type->is_python_class)
		type = type->base_type;
	const char *name = type ? hs_type_short_name(hs_type_full_name(types, type)) : "";
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!strcmp(name, kinds[i].name))
			return kinds[i].kind;
	return HS_WEAK_NONE;
}

bool hs_weak_reference_read(const struct hs_cpython *py, struct hs_types *types, const struct hs_object *object, struct hs_weak_reference *ret)
{
	hs_addr target = HS_BODY(py, object, PyWeakReference, wr_object);

	ret->kind = hs_weak_kind_of(types, object->type);
	/* whose object died refers to None, which nothing can refer to weakly (Objects/weakrefobject.c: clear_weakref) */
	ret->object = target == HS_ADDRESS_OF(py->layout, _Py_NoneStruct) ? 0 : target;
	ret->callback = HS_BODY(py, object, PyWeakReference, wr_callback);
	return ret->kind != HS_WEAK_NONE;
}

hs_addr hs_weak_reference_next(const struct hs_cpython *py, hs_addr reference)
{
	int32_t next = hs_member_offset(py->layout, HS_MEMBERS_PyWeakReference, "wr_next");

	return next == HS_ABSENT ? 0 : hs_image_word(py->image, reference + (uint32_t)next);
}
