/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An extension module for tests, within the stable ABI of 3.8, so that one binary serves every interpreter: a function that uses an
 * object and may forget to give its reference back, a type without tp_traverse, and memory of its own that holds objects.
 */
#define Py_LIMITED_API 0x03080000
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdlib.h>
#include <sys/mman.h>

static unsigned long n_uses;
static PyObject **kept;
static int visits_type; /* from 3.9 on */

/* use(object, every): each `every`-th call loses a reference; 0: none does. Tells whether this one did. */
static PyObject *use(PyObject *module, PyObject *args)
{
	PyObject *object;
	unsigned long every;

	(void)module;
	if (!PyArg_ParseTuple(args, "Ok", &object, &every))
		return NULL;
	Py_IncRef(object);
	Py_ssize_t hash = PyObject_Hash(object);
	if (hash == -1)
		PyErr_Clear();
	if (every && ++n_uses % every == 0)
		Py_RETURN_TRUE;
	Py_DecRef(object);
	Py_RETURN_FALSE;
}

/* keep(object): in a block of malloc's, as a C library does. */
static PyObject *keep(PyObject *module, PyObject *object)
{
	(void)module;
	if (!kept)
		kept = calloc(16, sizeof(*kept));
	if (!kept)
		return PyErr_NoMemory();
	Py_IncRef(object);
	kept[7] = object;
	Py_RETURN_NONE;
}

/* map(object): in a page that nobody's allocator knows. */
static PyObject *map(PyObject *module, PyObject *object)
{
	PyObject **page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)module;
	if (page == MAP_FAILED)
		return PyErr_NoMemory();
	Py_IncRef(object);
	page[100] = object;
	Py_RETURN_NONE;
}

/* Holder(object): not collected, though it holds an object. */
struct holder {
	PyObject_HEAD
	PyObject *held;
};

static PyObject *holder_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
	PyObject *held;

	(void)kwargs;
	if (!PyArg_ParseTuple(args, "O", &held))
		return NULL;
	allocfunc alloc = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
	struct holder *holder = (struct holder *)alloc(type, 0);
	if (!holder)
		return NULL;
	Py_IncRef(held);
	holder->held = held;
	return (PyObject *)holder;
}

static void holder_dealloc(PyObject *self)
{
	PyTypeObject *type = Py_TYPE(self);
	freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);

	Py_DecRef(((struct holder *)self)->held);
	release(self);
	Py_DecRef((PyObject *)type);
}

static PyType_Slot holder_slots[] = {
	{ Py_tp_new, (void *)holder_new },
	{ Py_tp_dealloc, (void *)holder_dealloc },
	{ 0, NULL },
};

static PyType_Spec holder_spec = { "lossy.Holder", sizeof(struct holder), 0, Py_TPFLAGS_DEFAULT, holder_slots };

/* Box(object): collected as it should be. Legacy(object): the same with a finalizer of the old kind. */
static int box_traverse(PyObject *self, visitproc visit, void *arg)
{
	if (visits_type)
		Py_VISIT(Py_TYPE(self));
	Py_VISIT(((struct holder *)self)->held);
	return 0;
}

static int box_clear(PyObject *self)
{
	PyObject *held = ((struct holder *)self)->held;

	((struct holder *)self)->held = NULL;
	if (held)
		Py_DecRef(held);
	return 0;
}

static void box_dealloc(PyObject *self)
{
	PyTypeObject *type = Py_TYPE(self);
	freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);

	PyObject_GC_UnTrack(self);
	box_clear(self);
	release(self);
	Py_DecRef((PyObject *)type);
}

static void legacy_del(PyObject *self)
{
	(void)self;
}

static PyType_Slot box_slots[] = {
	{ Py_tp_new, (void *)holder_new },
	{ Py_tp_dealloc, (void *)box_dealloc },
	{ Py_tp_traverse, (void *)box_traverse },
	{ Py_tp_clear, (void *)box_clear },
	{ 0, NULL },
};

static PyType_Slot legacy_slots[] = {
	{ Py_tp_new, (void *)holder_new },
	{ Py_tp_dealloc, (void *)box_dealloc },
	{ Py_tp_traverse, (void *)box_traverse },
	{ Py_tp_clear, (void *)box_clear },
	{ Py_tp_del, (void *)legacy_del },
	{ 0, NULL },
};

static PyType_Spec box_spec = { "lossy.Box", sizeof(struct holder), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, box_slots };
static PyType_Spec legacy_spec = { "lossy.Legacy", sizeof(struct holder), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, legacy_slots };

static PyMethodDef methods[] = {
	{ "use", use, METH_VARARGS, NULL },
	{ "keep", keep, METH_O, NULL },
	{ "map", map, METH_O, NULL },
	{ NULL, NULL, 0, NULL },
};

static struct PyModuleDef definition = { PyModuleDef_HEAD_INIT, "lossy", NULL, -1, methods, NULL, NULL, NULL, NULL };

static int add_type(PyObject *module, const char *name, PyType_Spec *spec)
{
	PyObject *type = PyType_FromSpec(spec);

	return type ? PyModule_AddObject(module, name, type) : -1;
}

PyMODINIT_FUNC PyInit_lossy(void)
{
	PyObject *module = PyModule_Create(&definition), *version = PySys_GetObject("hexversion");

	visits_type = version && PyLong_AsLong(version) >= 0x03090000;
	if (!module || add_type(module, "Holder", &holder_spec) || add_type(module, "Box", &box_spec) || add_type(module, "Legacy", &legacy_spec))
		return NULL;
	return module;
}
