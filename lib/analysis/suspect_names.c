/* SPDX-License-Identifier: Apache-2.0 */
/* The closed lists of kinds and roots, as reports and JSON spell them. */
#include "suspects.h"

const char *hs_suspect_kind_name(enum hs_suspect_kind kind)
{
	static const char *const names[HS_N_SUSPECT_KINDS] = {
		[HS_SUSPECT_LIST] = "list", [HS_SUSPECT_DICT] = "dict", [HS_SUSPECT_SET] = "set", [HS_SUSPECT_DEQUE] = "deque",
		[HS_SUSPECT_ODICT] = "odict", [HS_SUSPECT_ARRAY] = "array", [HS_SUSPECT_BUFFER] = "buffer", [HS_SUSPECT_CHAIN] = "chain",
		[HS_SUSPECT_LRU_CACHE] = "lru_cache", [HS_SUSPECT_REGISTRY] = "registry", [HS_SUSPECT_TRACEBACK] = "traceback",
		[HS_SUSPECT_TASKS] = "tasks", [HS_SUSPECT_TIMERS] = "timers", [HS_SUSPECT_QUEUE] = "queue", [HS_SUSPECT_THREADS] = "threads",
		[HS_SUSPECT_GENERATORS] = "generators", [HS_SUSPECT_CYCLES] = "cycles", [HS_SUSPECT_CLASSES] = "classes",
		[HS_SUSPECT_INTERNED] = "interned", [HS_SUSPECT_UNEXPLAINED] = "unexplained", [HS_SUSPECT_OBJECT] = "object",
	};

	return (unsigned)kind < HS_N_SUSPECT_KINDS ? names[kind] : "?";
}

const char *hs_suspect_root_name(enum hs_suspect_root root)
{
	static const char *const names[HS_N_SUSPECT_ROOTS] = {
		[HS_SUSPECT_OF_MODULE] = "module", [HS_SUSPECT_OF_CLASS] = "class", [HS_SUSPECT_OF_CLOSURE] = "closure",
		[HS_SUSPECT_OF_DEFAULT] = "default", [HS_SUSPECT_OF_LOCAL] = "local", [HS_SUSPECT_OF_THREAD_LOCAL] = "thread_local",
		[HS_SUSPECT_OF_CONTEXT] = "contextvar", [HS_SUSPECT_OF_INTERPRETER] = "interpreter", [HS_SUSPECT_OF_C_STACK] = "c_stack",
		[HS_SUSPECT_OF_NATIVE] = "native", [HS_SUSPECT_OF_NOTHING] = "none",
	};

	return (unsigned)root < HS_N_SUSPECT_ROOTS ? names[root] : "?";
}
