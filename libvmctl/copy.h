/* SPDX-License-Identifier: MIT */
/*
 * Copies a kernel's segments from its file into mapped guest memory. Private to libvmctl. Where the
 * sections say that a piece of a segment has no bytes of its own (.bss, which some builds fill with
 * zeros in the file), that piece is zeroed without reading the file: a third of a Debian kernel. It
 * must never trust the file to be what it was when it was parsed.
 */
#ifndef LIBVMCTL_COPY_H
#define LIBVMCTL_COPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/pv_elf.h"
#include "unpack.h"

#define COPY_HOLES_MAX 8

/* Pieces of the file that are zeros, by offset, in order, apart from each other. */
struct copy_holes {
    unsigned int count;
    struct {
        uint64_t from, to;
    } at[COPY_HOLES_MAX];
};

/* Finds the holes of a parsed kernel. Damaged section headers are as good as none. */
void copy_find_holes(const struct pv_elf *elf, struct copy_holes *holes);

/* A kernel on its way into memory: which pages of its part have to be written at all. */
struct copy_job {
    const struct pv_elf *elf;
    const struct copy_holes *holes;
    uint64_t virt, pages; /* the part: its first virtual address and its pages */
    bool zero_frames;     /* the frames are zero already: what is to be zero need not be mapped */
    uint32_t *slots;      /* per page: its place among those to be mapped, or COPY_NO_SLOT */
    uint64_t nr_slots;
};

#define COPY_NO_SLOT UINT32_MAX

/*
 * Fills slots (allocated, for the caller to free) and nr_slots from the fields above them. False: out of
 * memory, or a segment lies outside the part, which it did not when the kernel was parsed.
 */
bool copy_choose(struct copy_job *job);

/* Writes the segments to the pages that were chosen, which are mapped side by side at to. */
bool copy_segments(const struct copy_job *job, unsigned char *to);

/* Copies by vector moves; quickest where to is 16-byte aligned. */
void copy_bytes(unsigned char *to, const unsigned char *from, size_t len);

#endif
