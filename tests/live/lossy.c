/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An extension module for tests, within the stable ABI of 3.8, so that one binary serves every interpreter: a function that uses an
 * object and may forget to give its reference back, a type without tp_traverse, and memory of its own that holds objects.
 */
#define Py_LIMITED_API 0x03080000
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdlib.h>

static unsigned long n_uses;
static PyObject **kept;

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

static PyMethodDef methods[] = {
	{ "use", use, METH_VARARGS, NULL },
	{ "keep", keep, METH_O, NULL },
	{ NULL, NULL, 0, NULL },
};

static struct PyModuleDef definition = { PyModuleDef_HEAD_INIT, "lossy", NULL, -1, methods, NULL, NULL, NULL, NULL };

PyMODINIT_FUNC PyInit_lossy(void)
{
	PyObject *module = PyModule_Create(&definition), *holder = PyType_FromSpec(&holder_spec);

	if (!module || !holder || PyModule_AddObject(module, "Holder", holder))
		return NULL;
	return module;
}
