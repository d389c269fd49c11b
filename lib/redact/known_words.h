/* SPDX-License-Identifier: Apache-2.0 */
/* Which words are addresses that anybody may know: of objects and of blocks in use. They say no more than what refers to what. */
#ifndef HS_KNOWN_WORDS_H
#define HS_KNOWN_WORDS_H

#include "blank_image.h"
#include "heap.h"

/* True if an object starts at `address`. */
bool known_object(const struct hs_heap *heap, hs_addr address);
/*
 * True if the word, without the low bits that may be a tag, is the address of an object, or of a block of pymalloc's or malloc's that is
 * in use, headers of objects skipped or not.
 */
bool known_word(const struct hs_heap *heap, uint64_t word);
/* The same, or the start of an object's text: what C code keeps of a str or bytes. */
bool known_word_or_text(const struct hs_heap *heap, uint64_t word);

/* Copies the known ones of `n` words from `words`, bytes of the source `stride` apart. */
void known_words_keep(const struct hs_heap *heap, const struct blank_image *blank, const void *words, size_t n, size_t stride);
/* The same for the words in [start, end) that were captured; `with_text`: starts of texts as well. */
void known_range_keep(const struct hs_heap *heap, const struct blank_image *blank, hs_addr start, hs_addr end, bool with_text);

#endif
