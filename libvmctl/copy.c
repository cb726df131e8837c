/* SPDX-License-Identifier: MIT */
/*
 * Copying into guest memory, see copy.h. The loops are vector moves by hand: the library's memcpy()
 * and memset() take `rep` instructions for this much, which cost an instruction a byte wherever no
 * hardware helps. The file is mapped, not read, for the same reason, and walked in order, so that
 * each page fault brings in its neighbours too (asking for all of it at once costs twice that).
 */
#include "copy.h"

#include <elf.h>
#include <emmintrin.h>
#include <stdlib.h>
#include <string.h>

#define PAGE 4096UL

void copy_bytes(unsigned char *to, const unsigned char *from, size_t len)
{
    size_t blocks = ((uintptr_t)to & 15) ? 0 : len / 64;

    for (size_t i = 0; i < blocks; i++, to += 64, from += 64) {
        __m128i a = _mm_loadu_si128((const __m128i *)(const void *)from);
        __m128i b = _mm_loadu_si128((const __m128i *)(const void *)(from + 16));
        __m128i c = _mm_loadu_si128((const __m128i *)(const void *)(from + 32));
        __m128i d = _mm_loadu_si128((const __m128i *)(const void *)(from + 48));

        _mm_store_si128((__m128i *)(void *)to, a);
        _mm_store_si128((__m128i *)(void *)(to + 16), b);
        _mm_store_si128((__m128i *)(void *)(to + 32), c);
        _mm_store_si128((__m128i *)(void *)(to + 48), d);
    }
    memcpy(to, from, len - blocks * 64);
}

static void zero_bytes(unsigned char *to, size_t len)
{
    size_t head = -(uintptr_t)to & 15;
    __m128i zero = _mm_setzero_si128();

    if (head > len)
        head = len;
    memset(to, 0, head);
    to += head;
    len -= head;
    for (; len >= 64; len -= 64, to += 64) {
        _mm_store_si128((__m128i *)(void *)to, zero);
        _mm_store_si128((__m128i *)(void *)(to + 16), zero);
        _mm_store_si128((__m128i *)(void *)(to + 32), zero);
        _mm_store_si128((__m128i *)(void *)(to + 48), zero);
    }
    memset(to, 0, len);
}

static bool inside(uint64_t offset, uint64_t len, uint64_t size)
{
    return offset <= size && len <= size - offset;
}

/* The file's bytes that stand for a section's addresses; false where no segment has them. */
static bool section_bytes(const struct pv_elf *elf, const Elf64_Ehdr *eh, const Elf64_Shdr *sh,
                          uint64_t *from)
{
    for (unsigned int i = 0; i < eh->e_phnum; i++) {
        Elf64_Phdr ph;

        memcpy(&ph, elf->file + eh->e_phoff + (uint64_t)i * eh->e_phentsize, sizeof(ph));
        if (ph.p_type != PT_LOAD || sh->sh_addr < ph.p_vaddr ||
            !inside(sh->sh_addr - ph.p_vaddr, sh->sh_size, ph.p_filesz) ||
            !inside(ph.p_offset, ph.p_filesz, elf->size))
            continue;
        *from = ph.p_offset + (sh->sh_addr - ph.p_vaddr);
        return true;
    }
    return false;
}

static void add_hole(struct copy_holes *holes, uint64_t from, uint64_t to)
{
    unsigned int i = holes->count;

    if (i == COPY_HOLES_MAX || to - from < PAGE)
        return;
    if (i && from < holes->at[i - 1].to) /* out of order: not a file that a linker made */
        return;
    holes->at[i].from = from;
    holes->at[i].to = to;
    holes->count++;
}

void copy_find_holes(const struct pv_elf *elf, struct copy_holes *holes)
{
    Elf64_Ehdr eh;

    holes->count = 0;
    memcpy(&eh, elf->file, sizeof(eh));
    if (eh.e_shentsize != sizeof(Elf64_Shdr) || eh.e_phentsize < sizeof(Elf64_Phdr) ||
        !inside(eh.e_shoff, (uint64_t)eh.e_shnum * eh.e_shentsize, elf->size) ||
        !inside(eh.e_phoff, (uint64_t)eh.e_phnum * eh.e_phentsize, elf->size))
        return;
    for (unsigned int i = 0; i < eh.e_shnum; i++) {
        Elf64_Shdr sh;
        uint64_t from;

        memcpy(&sh, elf->file + eh.e_shoff + (uint64_t)i * sizeof(sh), sizeof(sh));
        if (sh.sh_type == SHT_NOBITS && (sh.sh_flags & (SHF_ALLOC | SHF_TLS)) == SHF_ALLOC &&
            section_bytes(elf, &eh, &sh, &from))
            add_hole(holes, from, from + sh.sh_size);
    }
}

/* Where the run that starts at offset ends, at most at end; *hole: whether it is one. */
static uint64_t run_end(const struct copy_holes *holes, uint64_t offset, uint64_t end, bool *hole)
{
    *hole = false;
    for (unsigned int i = 0; i < holes->count; i++) {
        if (holes->at[i].to <= offset)
            continue;
        if (holes->at[i].from <= offset) {
            *hole = true;
            return holes->at[i].to < end ? holes->at[i].to : end;
        }
        return holes->at[i].from < end ? holes->at[i].from : end;
    }
    return end;
}

static bool is_zero(const unsigned char *at, size_t len)
{
    __m128i any = _mm_setzero_si128();
    size_t i = 0;

    for (; i + 64 <= len; i += 64) {
        const __m128i *block = (const __m128i *)(const void *)(at + i);

        any = _mm_or_si128(_mm_or_si128(_mm_loadu_si128(block), _mm_loadu_si128(block + 1)),
                           _mm_or_si128(_mm_loadu_si128(block + 2), _mm_loadu_si128(block + 3)));
        if (_mm_movemask_epi8(_mm_cmpeq_epi8(any, _mm_setzero_si128())) != 0xffff)
            return false;
    }
    for (; i < len; i++)
        if (at[i])
            return false;
    return true;
}

/* One piece of a segment within one page; from is NULL where it is to be zero. */
typedef void (*piece_fn)(const struct copy_job *job, uint64_t page, unsigned int offset,
                         const unsigned char *from, size_t len, void *context);

static void run_pieces(const struct copy_job *job, uint64_t at, const unsigned char *from,
                       uint64_t len, piece_fn fn, void *context)
{
    while (len) {
        unsigned int offset = (unsigned int)(at & (PAGE - 1));
        size_t step = PAGE - offset < len ? PAGE - offset : len;

        fn(job, at / PAGE, offset, from, step, context);
        at += step;
        from = from ? from + step : NULL;
        len -= step;
    }
}

/* Calls fn for all pieces of all segments. */
static bool each_piece(const struct copy_job *job, piece_fn fn, void *context)
{
    const struct pv_elf *elf = job->elf;

    for (unsigned int i = 0; i < elf->nr_segments; i++) {
        struct pv_elf_segment s = elf->segment[i];
        uint64_t place = s.virt - job->virt, at = s.offset, end = s.offset + s.file_len, next;
        bool hole;

        if (!inside(place, s.mem_len, job->pages * PAGE) || s.file_len > s.mem_len ||
            !inside(s.offset, s.file_len, elf->size))
            return false;
        for (; at < end; at = next) {
            next = run_end(job->holes, at, end, &hole);
            run_pieces(job, place, hole ? NULL : elf->file + at, next - at, fn, context);
            place += next - at;
        }
        run_pieces(job, place, NULL, s.mem_len - s.file_len, fn, context);
    }
    return true;
}

static void choose_piece(const struct copy_job *job, uint64_t page, unsigned int offset,
                         const unsigned char *from, size_t len, void *context)
{
    (void)offset;
    (void)context;
    if (job->slots[page] == COPY_NO_SLOT && (!job->zero_frames || (from && !is_zero(from, len))))
        job->slots[page] = 0;
}

bool copy_choose(struct copy_job *job)
{
    job->nr_slots = 0;
    job->slots = malloc(job->pages * sizeof(*job->slots));
    if (!job->slots)
        return false;
    memset(job->slots, 0xff, job->pages * sizeof(*job->slots));
    if (!each_piece(job, choose_piece, NULL))
        return false;
    for (uint64_t i = 0; i < job->pages; i++)
        if (job->slots[i] != COPY_NO_SLOT)
            job->slots[i] = (uint32_t)job->nr_slots++;
    return true;
}

static void write_piece(const struct copy_job *job, uint64_t page, unsigned int offset,
                        const unsigned char *from, size_t len, void *context)
{
    unsigned char *to = context;

    if (job->slots[page] == COPY_NO_SLOT) /* zero, or made so since it was looked at */
        return;
    to += (uint64_t)job->slots[page] * PAGE + offset;
    if (from)
        copy_bytes(to, from, len);
    else if (!job->zero_frames)
        zero_bytes(to, len);
}

bool copy_segments(const struct copy_job *job, unsigned char *to)
{
    return each_piece(job, write_piece, to);
}
