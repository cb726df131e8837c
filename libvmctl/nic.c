/* SPDX-License-Identifier: MIT */
/*
 * Network cards: puts the interface that netback made onto its bridge, over netlink. It must never
 * give the interface an address of its own: what a VPS sends belongs on the bridge, not to dom0.
 */
#include "internal.h"

#include <fcntl.h>
#include <net/if.h>
#include <netlink/netlink.h>
#include <netlink/route/link.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int connect_route(struct vmctl *v, struct nl_sock **out)
{
    int ret;

    *out = nl_socket_alloc();
    if (!*out)
        return vmctl_fail(v, "out of memory");
    ret = nl_connect(*out, NETLINK_ROUTE);
    if (!ret)
        return 0;
    nl_socket_free(*out);
    return vmctl_fail(v, "cannot speak to the kernel's network: %s", nl_geterror(ret));
}

/* Finds the bridge; its link is to be put by the caller. */
static int find_bridge(struct vmctl *v, struct nl_sock *socket, const char *name,
                       struct rtnl_link **out)
{
    const char *type;

    if (rtnl_link_get_kernel(socket, 0, name, out))
        return vmctl_fail(v,
                          "bridge %s does not exist: make it (ip link add %s type bridge), or "
                          "name another one in <source bridge>",
                          name, name);
    type = rtnl_link_get_type(*out);
    if (type && !strcmp(type, "bridge"))
        return 0;
    rtnl_link_put(*out);
    return vmctl_fail(v, "%s is no bridge: name one in <source bridge>", name);
}

int nics_check(struct vmctl *v, const struct config *config)
{
    struct rtnl_link *bridge;
    struct nl_sock *socket;
    int ret = 0;

    if (config->nr_nics == 0)
        return 0;
    if (connect_route(v, &socket))
        return -1;
    for (unsigned int i = 0; i < config->nr_nics && !ret; i++) {
        const struct config_nic *nic = &config->nics[i];

        ret = find_bridge(v, socket, nic->bridge, &bridge);
        if (!ret)
            rtnl_link_put(bridge);
        if (!ret && nic->ifname[0] && if_nametoindex(nic->ifname))
            ret = vmctl_fail(v,
                             "an interface called %s is there already: name another one in "
                             "<target dev>, or none",
                             nic->ifname);
    }
    nl_socket_free(socket);
    return ret;
}

/* An IPv6 address that dom0 gives itself on a bridge port would be reachable from the VPS. */
static void forbid_ipv6(const char *ifname)
{
    char path[96];
    ssize_t done;
    int fd;

    snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/disable_ipv6", ifname);
    fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) /* a kernel without IPv6 */
        return;
    done = write(fd, "1", 1);
    (void)done;
    close(fd);
}

static int change_link(struct vmctl *v, struct nl_sock *socket, const char *ifname,
                       struct rtnl_link *change)
{
    struct rtnl_link *link;
    int ret = rtnl_link_get_kernel(socket, 0, ifname, &link);

    if (!ret) {
        ret = rtnl_link_change(socket, link, change, 0);
        rtnl_link_put(link);
    }
    return ret ? vmctl_fail(v, "interface %s: the kernel refused to change it: %s", ifname,
                            nl_geterror(ret))
               : 0;
}

int nic_attach(struct vmctl *v, const struct config_nic *nic, const char *ifname)
{
    struct rtnl_link *bridge = NULL, *change = rtnl_link_alloc();
    struct nl_sock *socket;
    int ret;

    if (!change)
        return vmctl_fail(v, "out of memory");
    if (connect_route(v, &socket)) {
        rtnl_link_put(change);
        return -1;
    }
    ret = find_bridge(v, socket, nic->bridge, &bridge);
    if (!ret) {
        forbid_ipv6(ifname);
        rtnl_link_set_master(change, rtnl_link_get_ifindex(bridge));
        if (nic->ifname[0])
            rtnl_link_set_name(change, nic->ifname);
        ret = change_link(v, socket, ifname, change);
        rtnl_link_put(bridge);
    }
    rtnl_link_put(change);
    change = ret ? NULL : rtnl_link_alloc();
    if (change) { /* up last: a renamed interface has to be down until then */
        rtnl_link_set_flags(change, IFF_UP);
        ret = change_link(v, socket, nic->ifname[0] ? nic->ifname : ifname, change);
        rtnl_link_put(change);
    }
    nl_socket_free(socket);
    return ret;
}
