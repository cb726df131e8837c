/* SPDX-License-Identifier: MIT */
/*
 * Memory promised before it is allocated. The sum of claims never exceeds what is free, so a creation that got its
 * claim cannot fail for memory halfway, and one that did not fails before it began.
 *
 * Where nobody has claimed anything no lock is taken: whoever allocates counts out first, then looks for claims;
 * whoever claims says so first, then counts; a barrier between, so one of the two sees the other. What is counted out
 * for somebody who then may not have it makes free memory look smaller for a moment: that never stands in the way of
 * one whose claim covers all he takes.
 */

#include "domain/domain.h"
#include "memory/alloc.h"
#include "memory/frame.h"

static spinlock_t claim_lock = SPINLOCK_INIT(RANK_CLAIM);
static u64 claimed;

int claim_set(struct domain *d, u64 pages)
{
    u64 want;

    SPIN_LOCK_BLOCK(&claim_lock);
    claimed -= d->outstanding_claim;
    d->outstanding_claim = 0;
    want = pages > d->tot_pages ? pages - d->tot_pages : 0;
    if (pages > d->max_pages || (pages && d->death != DOMAIN_ALIVE))
        return -EINVAL;
    ACCESS_ONCE(claimed) += want;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (claimed > alloc_free_frames()) {
        claimed -= want;
        return -ENOMEM;
    }
    d->outstanding_claim = want;
    return 0;
}

bool claim_take(struct domain *d, u64 n)
{
    u64 own;
    bool ok;

    alloc_count_out(n);
    if (likely(!ACCESS_ONCE(claimed)))
        return true;
    spin_lock(&claim_lock);
    own = MIN(n, d->outstanding_claim);
    ok = own == n || claimed - own <= alloc_free_frames();
    if (ok) {
        d->outstanding_claim -= own;
        claimed -= own;
    }
    spin_unlock(&claim_lock);
    if (!ok)
        alloc_count_in(n);
    return ok;
}

u64 claim_total(void)
{
    return claimed;
}
