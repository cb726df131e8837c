/* SPDX-License-Identifier: MIT */
/*
 * Memory promised before it is allocated. The sum of claims never exceeds what is free, so a creation
 * that got its claim cannot fail for memory halfway, and one that did not fails before it began.
 */
#include "lib/errno.h"

#include "domain/domain.h"
#include "memory/alloc.h"
#include "memory/frame.h"

static spinlock_t claim_lock = SPINLOCK_INIT(RANK_CLAIM);
static u64 claimed;

int claim_set(struct domain *d, u64 pages)
{
    int error = 0;
    u64 want;

    spin_lock(&claim_lock);
    claimed -= d->outstanding_claim;
    d->outstanding_claim = 0;
    want = pages > d->tot_pages ? pages - d->tot_pages : 0;
    if (pages > d->max_pages)
        error = -EINVAL;
    else if (claimed + want > alloc_free_frames())
        error = -ENOMEM;
    else {
        d->outstanding_claim = want;
        claimed += want;
    }
    spin_unlock(&claim_lock);
    return error;
}

bool claim_take(struct domain *d, u64 n)
{
    u64 own;
    bool ok = true;

    if (!ACCESS_ONCE(claimed))
        return true;
    spin_lock(&claim_lock);
    own = MIN(n, d->outstanding_claim);
    if (n - own + claimed > alloc_free_frames())
        ok = false;
    else {
        d->outstanding_claim -= own;
        claimed -= own;
    }
    spin_unlock(&claim_lock);
    return ok;
}

u64 claim_total(void)
{
    return claimed;
}
