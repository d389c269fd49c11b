/* SPDX-License-Identifier: Apache-2.0 */
/* A process made by hand that is looked at three times, its bytes changing meanwhile, and what is suspected then. */
#ifndef FAKE_SCENE_H
#define FAKE_SCENE_H

#include "fake_modules.h"
#include "suspects.h"

#define V311 "3.11.7-upstream"
#define S (uint64_t)1000000000
#define GLOBALS(...) ((const struct fake_global[]){ __VA_ARGS__, { 0 } })
#define SCENE_MOST 1024 /* items of a list */
#define SCENE_ROOM 128  /* for more */

#define SCENE_MOST_LOOKS 12

/* A process, looked at at 0, 3 and 8 seconds; in a long series every five seconds. */
struct scene {
	struct fake_modules modules;
	struct fake_heap *fake;
	struct hs_thread_list threads; /* of the last look; borrowed; none: C stacks are not looked at */
	struct hs_watched_list watched; /* between the looks; borrowed */
	bool wants_unexplained; /* objects that a test only let go of have a count, too: few tests want them */
	bool is_long; /* set before the first look: of the last look but one alone it is known which objects stood where */
	bool keeps_identities; /* of every look, not of the first alone */
	struct hs_sample *samples[SCENE_MOST_LOOKS];
	size_t n_samples;
	struct hs_object_graph *holders;
	struct hs_unexplained_list unexplained;
	struct hs_suspects found;
	unsigned n_made;
};

void scene_begin(struct scene *scene, const char *table);
void scene_look(struct scene *scene);
/* The last look, and what is suspected then. */
void scene_judge(struct scene *scene);
void scene_end(struct scene *scene);

/* A str that is like no other. */
hs_addr scene_new_item(struct scene *scene);
/* A list of such, with room for more. */
hs_addr scene_full_list(struct scene *scene, size_t n);
void scene_append(struct scene *scene, hs_addr list, hs_addr item);
/* Appends new items. */
void scene_grow(struct scene *scene, hs_addr list, size_t n);
/* Everything in it is replaced. */
void scene_turn_over(struct scene *scene, hs_addr list);
const struct hs_suspect *scene_first(const struct scene *scene);

#endif
