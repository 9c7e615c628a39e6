"""Which network addresses lie on the public internet.

Source: the IANA registries of special-purpose addresses for IPv4 and IPv6 (RFC 6890 and what came
after it). The networks are named here one by one: what Python's `is_global` says differs between
its versions.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

_SPECIAL = tuple(
    ip_network(each)
    for each in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # behind a carrier's NAT; also metadata of some clouds
        "127.0.0.0/8",  # loopback
        "169.254.0.0/16",  # link-local, with the metadata of most clouds
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
        "168.63.129.16/32",  # the host of Azure's machines
    )
)
# all of the public internet; what lies in it but leads elsewhere is taken out again
_GLOBAL_6 = ip_network("2000::/3")
_SPECIAL_6 = tuple(
    ip_network(each)
    for each in (
        "2001::/23",  # protocol assignments, Teredo among them, which hides an IPv4 address
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4, which hides an IPv4 address
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
    )
)


def is_public(address: str) -> bool:
    """Whether an address, as text, is of a machine on the public internet.

    Addresses that carry an IPv4 address inside (mapped, NAT64, 6to4, Teredo) are not: they may
    lead to any.
    """
    try:
        parsed = ip_address(address)
    except ValueError:  # also one with a zone, which is of this link
        return False
    return _is_public_4(parsed) if isinstance(parsed, IPv4Address) else _is_public_6(parsed)


def _is_public_4(address: IPv4Address) -> bool:
    return not any(address in network for network in _SPECIAL)


def _is_public_6(address: IPv6Address) -> bool:
    if address.scope_id is not None or address not in _GLOBAL_6:
        return False
    return not any(address in network for network in _SPECIAL_6)
