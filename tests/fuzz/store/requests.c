/* SPDX-License-Identifier: MIT */
/*
 * Requests that nearly make sense: paths that exist and that do not, at their longest, with wrong characters; values at the
 * limits; permission lists; transactions that are open, closed, of others. And what is no request: lengths that lie,
 * bytes turned over, rings whose indices jump.
 */
#include "fuzz.h"

#include <stdio.h>
#include <string.h>

static const char *const names[] = {"a", "b", "c",     "data", "device", "vbd",     "0",
                                    "1", "2", "state", "x-_@", "name",   "backend", "tool"};
#define NAME names[below(sizeof(names) / sizeof(names[0]))]

#define KNOWN 48
static char known[KNOWN][128];

/* Makes a path of at most `room` bytes with its NUL; most are below somebody's home. */
static void pick_path(char *to, size_t room, const struct client *c)
{
    static const char *const special[] = {"@introduceDomain",
                                          "@releaseDomain",
                                          "@releaseDomain/1",
                                          "@nothing",
                                          "@",
                                          "",
                                          "/",
                                          "//",
                                          "/a/",
                                          "/local",
                                          "/local/domain",
                                          HOST_ONLY,
                                          HOST_ONLY "/deep",
                                          HOST_ONLY "/deep/er"};
    size_t used = 0, levels = below(4);
    unsigned int owner = one_in(3) ? below(GUESTS + 1) : c->domid;

    if (!one_in(3) && known[below(KNOWN)][0]) { /* one that was changed before, or one below it */
        used = (size_t)snprintf(to, room, "%s", known[below(KNOWN)]);
        if (one_in(4) && used)
            snprintf(to + used, room - used, "/%s", NAME);
        return;
    }
    if (one_in(12)) {
        snprintf(to, room, "%s", special[below(sizeof(special) / sizeof(special[0]))]);
        return;
    }
    if (one_in(5))
        used = (size_t)snprintf(to, room, "%s", NAME); /* relative */
    else if (c->domid && one_in(5))
        used = (size_t)snprintf(to, room, "/shared");
    else if (c->domid == 0 && one_in(2))
        used = (size_t)snprintf(to, room, "/tool/%s", NAME);
    else
        used = (size_t)snprintf(to, room, "/local/domain/%u", owner);
    while (levels-- && used < room - 20)
        used += (size_t)snprintf(to + used, room - used, "/%s", NAME);
    if (one_in(60)) { /* as long as it may be, and a little beyond */
        size_t wanted = one_in(2) ? 2048 : 3072, len;

        wanted += below(6);
        len = wanted - 3 < room ? wanted - 3 : room - 1;
        while (used < len)
            to[used] = used % 200 ? 'z' : '/', used++;
        to[used] = 0;
    }
    if (one_in(40) && used)
        to[below((uint32_t)used)] = (char)(1 + below(255));
}

static size_t pick_value(char *to, size_t room)
{
    size_t len = one_in(6) ? below((uint32_t)room) : one_in(6) ? 2040 + below(16) : below(40);

    if (len > room)
        len = room;
    for (size_t i = 0; i < len; i++)
        to[i] = (char)(one_in(8) ? below(256) : 'a' + i % 26);
    return len;
}

static uint32_t pick_txn(const struct client *c, bool end)
{
    return one_in(3) || end ? c->txns[below(end ? 4 : 16)]
           : one_in(20)     ? (uint32_t)random_64()
           : one_in(20)     ? below(20)
                            : 0;
}

static size_t put(char *to, size_t at, const char *text)
{
    size_t len = strlen(text) + 1;

    if (at + len > XENSTORE_PAYLOAD_MAX)
        return at;
    memcpy(to + at, text, len);
    return at + len;
}

static size_t perms(char *to, size_t at, const struct client *c)
{
    char text[40];

    for (unsigned int i = 0, count = one_in(20) ? below(900) : 1 + below(4); i < count; i++) {
        unsigned int domid = !i ? (c->domid ? c->domid : 0) : below(GUESTS + 2);

        if (one_in(40))
            domid = below(80000);
        /* the host opens nothing else to guests: what they made in there it would have to leave alone */
        snprintf(text, sizeof(text), "%c%u", one_in(60) ? 'q' : "nrwb"[below(c->domid ? 4 : 2)],
                 domid);
        at = put(to, at, text);
    }
    return at;
}

static uint32_t pick_type(void)
{
    static const uint8_t usual[] = {
        XS_DIRECTORY,
        XS_READ,
        XS_READ,
        XS_GET_PERMS,
        XS_WATCH,
        XS_WATCH,
        XS_UNWATCH,
        XS_TRANSACTION_START,
        XS_TRANSACTION_END,
        XS_TRANSACTION_END,
        XS_GET_DOMAIN_PATH,
        XS_WRITE,
        XS_WRITE,
        XS_WRITE,
        XS_WRITE,
        XS_MKDIR,
        XS_MKDIR,
        XS_RM,
        XS_SET_PERMS,
        XS_SET_PERMS,
        XS_DIRECTORY_PART,
        XS_IS_DOMAIN_INTRODUCED,
        XS_INTRODUCE,
        XS_RELEASE,
        XS_RESUME,
        XS_SET_TARGET,
        XS_CONTROL,
    };

    if (one_in(200))
        return XS_RESET_WATCHES;
    return one_in(50) ? (one_in(2) ? below(30) : (uint32_t)random_64())
                      : usual[below(sizeof(usual))];
}

static size_t words(char *to, unsigned int most)
{
    char text[24];
    size_t at = 0;

    for (unsigned int i = below(most + 1); i; i--) {
        snprintf(text, sizeof(text), "%lu",
                 one_in(20) ? (unsigned long)random_64() : (unsigned long)below(GUESTS + 2));
        at = put(to, at, text);
    }
    return at;
}

/* CONTROL must not change the quotas, nor write for ever to the log. */
static size_t control(char *to)
{
    static const char *const what[] = {"help",    "check", "memreport", "quota",     "quota\0001",
                                       "nothing", "log",   "print",     "quota\000x"};
    unsigned int which = below(sizeof(what) / sizeof(what[0]));
    size_t at = put(to, 0, what[which]);

    return which == 4 || which == 8 ? put(to, at, which == 4 ? "1" : "x") : at;
}

static size_t make_payload(const struct client *c, uint32_t type, char *to)
{
    char path[3200];
    size_t at;

    pick_path(path, sizeof(path), c);
    switch (type) {
    case XS_WRITE:
        at = put(to, 0, path);
        return at + pick_value(to + at, XENSTORE_PAYLOAD_MAX - at);
    case XS_WATCH:
    case XS_UNWATCH:
        at = put(to, put(to, 0, path), one_in(3) ? NAME : "token");
        return one_in(4) ? put(to, at, one_in(8) ? "-1" : NAME) : at;
    case XS_SET_PERMS:
        return perms(to, put(to, 0, path), c);
    case XS_TRANSACTION_START:
        return one_in(8) ? 0 : put(to, 0, "");
    case XS_TRANSACTION_END:
        return put(to, 0, one_in(12) ? "X" : one_in(3) ? "F" : "T");
    case XS_INTRODUCE:
    case XS_RELEASE:
    case XS_RESUME:
    case XS_IS_DOMAIN_INTRODUCED:
    case XS_GET_DOMAIN_PATH:
        return words(to, 4);
    case XS_SET_TARGET: /* never the control domain: who acts for it may read all */
        snprintf(path, sizeof(path), "%u", 1 + below(GUESTS + 1));
        at = put(to, 0, path);
        snprintf(path, sizeof(path), "%u", 1 + below(GUESTS + 1));
        return put(to, at, path);
    case XS_CONTROL:
        return control(to);
    case XS_DIRECTORY_PART:
        at = put(to, 0, path);
        return put(to, at, one_in(2) ? "0" : NAME);
    default:
        return put(to, 0, path);
    }
}

static bool changes(uint32_t type)
{
    return type == XS_WRITE || type == XS_MKDIR || type == XS_RM || type == XS_SET_PERMS;
}

/* The host keeps out of its secret's way, and of the guests' homes: what it does there is no guest's fault. */
static bool host_may(const struct client *c, uint32_t type, const char *payload, size_t len)
{
    if (c->domid || !changes(type))
        return true;
    if (!strcmp(payload, "/") || !strcmp(payload, "/local") ||
        memmem(payload, len, HOST_ONLY, strlen(HOST_ONLY)))
        return false;
    if (!strncmp(payload, "/shared", 7))
        return false;
    return strncmp(payload, "/local/domain", 13) != 0 || !strncmp(payload, "/local/domain/0", 15);
}

void request_random(struct client *c)
{
    char payload[XENSTORE_PAYLOAD_MAX + 1];
    uint32_t type = pick_type();
    size_t len;

    if ((type == XS_INTRODUCE || type == XS_RELEASE || type == XS_SET_TARGET) && c->domid == 0 &&
        !one_in(8))
        return; /* domains come and go, but not all the time */
    memset(payload, 0, sizeof(payload));
    len = make_payload(c, type, payload);
    if (!host_may(c, type, payload, len))
        return;
    if (c->domid == 0 &&
        (type == XS_RELEASE || type == XS_INTRODUCE)) /* whoever it is loses what is under way */
        for (unsigned int i = 1; i <= GUESTS; i++)
            client_spoil(&clients[i]);
    if (len && one_in(40) && c->domid) /* a byte too few, a NUL too many, one turned over */
        payload[below((uint32_t)len)] ^= (char)(1 << below(8));
    if (len && one_in(40))
        len -= 1;
    client_ask(c, type, pick_txn(c, type == XS_TRANSACTION_END && !one_in(8)), payload, len);
    if (changes(type) && payload[0] == '/' && strlen(payload) < sizeof(known[0]) && one_in(4))
        memcpy(known[below(KNOWN)], payload, strlen(payload) + 1);
}

void request_hostile(struct client *c)
{
    struct xenstore_domain_interface *page = machine[c->domid].page;
    XENSTORE_RING_IDX *indices[] = {&page->req_cons, &page->req_prod, &page->rsp_cons,
                                    &page->rsp_prod};

    if (c->is_ring && c->domid == 0)
        return; /* the control domain's own kernel is trusted */
    client_spoil(c);
    switch (below(c->is_ring ? 8 : 3)) {
    case 0: { /* a length that lies */
        struct xsd_sockmsg h = {pick_type(), 1, 0,
                                one_in(2) ? 4097 + below(100) : (uint32_t)random_64()};

        if (c->domid && c->out_len + sizeof(h) <= sizeof(c->out)) {
            memcpy(c->out + c->out_len, &h, sizeof(h));
            c->out_len += sizeof(h);
        }
        break;
    }
    case 1: /* half a message, and then no more */
        c->out_len = c->out_len ? below((uint32_t)c->out_len) : 0;
        break;
    case 2:
        if (c->out_len && c->domid)
            c->out[below((uint32_t)c->out_len)] ^= (unsigned char)(1 << below(8));
        break;
    case 3:
        *indices[below(4)] += one_in(2) ? below(2048) : (uint32_t)random_64();
        break;
    case 4:
        *indices[below(4)] = (uint32_t)random_64();
        break;
    case 5:
        page->connection = one_in(2) ? XENSTORE_RECONNECT : (uint32_t)random_64();
        break;
    case 6:
        ((unsigned char *)page)[below(sizeof(*page))] ^= (unsigned char)(1 << below(8));
        break;
    case 7:
        page->error = (uint32_t)random_64();
        page->server_features = (uint32_t)random_64();
        break;
    }
    if (c->is_ring)
        machine_send(c->domid);
}
