"""What holds where the file says nothing (`data/defaults.toml`, FO-02)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from secaudit.vendors.common.defaults import Release, read_defaults


@dataclass(frozen=True, slots=True)
class Defaults:
    """The defaults of one release. None: not confirmed, or the releases differ and the file does not tell which it is."""

    allow_traffic_redirect: bool | None
    ipv6_allow_traffic_redirect: bool | None
    entry_works: bool
    policy_action: str
    local_in_action: str
    multicast_action: str
    denial_matches_vip: bool | None
    policy_logs_all: bool
    zone_allows_inside: bool
    zone_of_one_allows_inside: bool | None
    sdwan_zone: str
    interface_up: bool
    interface_mode: str
    interface_vdom: str
    static_distance: int
    static_priority: int | None
    learnt_default_route: bool | None
    learnt_distance: int
    dhcp_adds_routes: bool | None
    policy_route_action: str
    monitor_withdraws_routes: bool
    vip_type: str
    vip_protocol: str
    vip_ports: str
    vip_port_mapping: str
    vip_interface: str | None
    pool_type: str
    central_entry_translates: bool
    address_type: str
    address6_type: str
    service_protocol: str
    dialup_adds_routes: bool
    selector_type: str
    ssl_vpn: bool | None
    telnet_where_listed: bool
    snmp_agent: bool
    snmp_queries: bool
    ntp_type: str
    admin_minutes: int
    profile_minutes: int
    console_follows: bool | None
    login_attempts: int
    ssh_version: int
    password_policy: bool | None
    password_length: int | None
    ike_version: int | None
    ike_mode: str
    dh_groups: str | None


@lru_cache(maxsize=256)
def defaults(release: Release | None) -> Defaults:
    """The defaults of the release in the header; None where there is no header."""
    return read_defaults(Defaults, __package__, release)
