/* SPDX-License-Identifier: MIT */
/*
 * Small objects of ring 0: size classes of powers of two from 32 to 1024 bytes in pages of their own, whole pages
 * above. A page whose objects are all free goes back to the allocator, so that what a domain took is all given back
 * when it is gone. Must never be reached from an interrupt handler.
 *
 * One lock for all, and no stock for each CPU: what runs often takes no memory from here. Domains and vcpus are made
 * of it, and the first event channels of a bucket; a guest comes by once for each.
 */
#include "cpu/lock.h"
#include "lib/print.h"
#include "lib/string.h"
#include "memory/alloc.h"
#include "memory/frame.h"

#define CLASS_FIRST_SHIFT 5
#define CLASS_COUNT 6 /* 32..1024 */

/* The head of a page of small objects, in its first 32 bytes (or first object). */
struct slab {
    struct slab *next, *prev;
    void *free;
    u16 used, class;
};

static struct slab *partial[CLASS_COUNT]; /* pages with room */
static spinlock_t heap_lock = SPINLOCK_INIT(RANK_HEAP);

static void slab_link(struct slab *s)
{
    s->prev = NULL;
    s->next = partial[s->class];
    if (s->next)
        s->next->prev = s;
    partial[s->class] = s;
}

static void slab_unlink(struct slab *s)
{
    if (s->next)
        s->next->prev = s->prev;
    if (s->prev)
        s->prev->next = s->next;
    else
        partial[s->class] = s->next;
}

static struct slab *slab_make(u16 class)
{
    struct slab *s = alloc_page();
    size_t size = 1ul << (class + CLASS_FIRST_SHIFT);

    if (!s)
        return NULL;
    s->class = class;
    for (size_t at = PAGE_SIZE - size; at >= MAX(size, sizeof(*s)); at -= size) {
        *(void **)((char *)s + at) = s->free;
        s->free = (char *)s + at;
    }
    slab_link(s);
    return s;
}

static u32 order_of(size_t size)
{
    u32 order = 0;

    while ((PAGE_SIZE << order) < size)
        order++;
    return order;
}

void *hv_alloc(size_t size)
{
    u16 class = 0;
    struct slab *s;
    void *p;

    while (class < CLASS_COUNT && (1ul << (class + CLASS_FIRST_SHIFT)) < size)
        class ++;
    if (class == CLASS_COUNT) {
        p = size > (PAGE_SIZE << 9) ? NULL : alloc_pages(order_of(size));
        if (p) /* ring 0's own frame: the type word is free to remember the order */
            frame_of(virt_to_mfn(p))->type = order_of(size);
        return p;
    }
    SPIN_LOCK_BLOCK(&heap_lock);
    s = partial[class] ? partial[class] : slab_make(class);
    if (!s)
        return NULL;
    p = s->free;
    s->free = *(void **)p;
    s->used++;
    if (!s->free)
        slab_unlink(s);
    return memset(p, 0, 1ul << (class + CLASS_FIRST_SHIFT));
}

void hv_free(void *p)
{
    struct slab *s = (struct slab *)((u64)p & PAGE_MASK);
    bool empty;

    if (!p)
        return;
    if (((u64)p & ~PAGE_MASK) == 0) {
        free_pages(p, frame_of(virt_to_mfn(p))->type);
        return;
    }
    spin_lock(&heap_lock);
    if (!s->free)
        slab_link(s);
    *(void **)p = s->free;
    s->free = p;
    empty = --s->used == 0;
    if (empty)
        slab_unlink(s);
    spin_unlock(&heap_lock);
    if (empty)
        free_page(s);
}
