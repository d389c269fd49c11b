/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is believed of a suspect, from figures alone: how steadily it grew, how it ranks among others, how sure that is. Knows no objects.
 */
#ifndef HS_SUSPECT_RULES_H
#define HS_SUSPECT_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Below this part of a container's old items that it still has, it is turned over: no suspect. */
#define HS_LEAST_KEPT 0.8
#define HS_UNKNOWN (-1.0)

enum hs_confidence {
	HS_CONFIDENCE_LOW,
	HS_CONFIDENCE_MEDIUM,
	HS_CONFIDENCE_HIGH,
};

/* "low", "medium", "high". */
const char *hs_confidence_name(enum hs_confidence confidence);

/* Why a suspect is less than highly believed; bits. */
enum hs_doubt {
	HS_DOUBT_KEPT = 1,     /* items went as well, or nothing tells */
	HS_DOUBT_UNSTEADY = 2, /* it grew more in one gap than in another, or there is one gap only */
	HS_DOUBT_SHARED = 4,   /* others hold what it holds */
	HS_DOUBT_DROPPED = 8,  /* between samples it was seen to shrink */
	HS_DOUBT_BOUNDED = 16,
	HS_DOUBT_SMALL = 32,
	HS_DOUBT_STATIC = 64,  /* growth was not observed */
	HS_DOUBT_INDIRECT = 128, /* nothing in Python holds it, or what does is only presumed */
	HS_DOUBT_BY_TYPE = 256, /* that its new objects are more, and not others, follows from the growth of their type alone */
	HS_DOUBT_OTHER_PROCESS = 512, /* it is held against its like in another process: what it kept, and how it grew, nobody saw */
	HS_DOUBT_LIBRARY = 1024, /* and it is a library's own */
};

struct hs_suspect_figures {
	double bytes;       /* that it grew by */
	double seconds;     /* in which it did; 0: growth was not observed */
	uint64_t items;     /* that it grew by */
	double kept;        /* 0 … 1, or HS_UNKNOWN; so are the next two */
	double steadiness;
	double share;
	double drop;        /* hs_largest_drop() */
	bool is_bounded;
	bool is_indirect;
	bool is_by_type;
	bool is_by_path;    /* the earlier lengths are of other processes */
	bool is_of_library; /* and it is a library's own, in which processes differ by what they imported and used so far */
};

/*
 * Smaller by larger of the rates between values, which were taken at unequal times: 0 when one of them is not above 0. Of more than
 * four values, rates are those of the least of each quarter: what is filled and emptied has a floor. HS_UNKNOWN: fewer than three.
 */
double hs_steadiness(const uint64_t *times_ns, const uint64_t *values, size_t n);

/*
 * How much values rose from the first to the last. Of eight and more, by how much their floor did: from the least in the first quarter of the
 * time to the least in the last one, as if for the whole time. What is filled and emptied has a floor that does not rise.
 */
int64_t hs_rise(const uint64_t *times_ns, const uint64_t *values, size_t n);

/*
 * The largest drop in a series of lengths, as a part of the highest before it, or of all that it grew by if that is less: one that
 * lost a tenth of what it had gained has not dropped.
 */
double hs_largest_drop(const uint64_t *lengths, size_t n);

double hs_suspect_score(const struct hs_suspect_figures *figures);
/* *ret_doubts: bits of enum hs_doubt; may be NULL. */
enum hs_confidence hs_suspect_confidence(const struct hs_suspect_figures *figures, unsigned *ret_doubts);

#endif
