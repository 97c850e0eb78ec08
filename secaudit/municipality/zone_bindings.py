"""The zones of `municipality.yaml`: where each is, and that no address is in two of them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping

from secaudit.municipality import fields
from secaudit.municipality.fields import Mistakes
from secaudit.municipality.model import IPNetwork, Zone, ZoneBinding
from secaudit.network.intervals import of_network, of_networks
from secaudit.text.bilingual import Text
from secaudit.text.yaml_document import YamlNode


class Zones:
    """All bound zones, and which one an address belongs to. Looking up takes logarithmic time."""

    def __init__(self, bindings: Mapping[Zone, ZoneBinding]) -> None:
        self.bindings = bindings
        self.rest = next((zone for zone, binding in bindings.items() if binding.rest), None)
        """The zone of every address that no other zone claims."""
        self._places: dict[int, list[tuple[int, int, Zone]]] = {4: [], 6: []}
        for zone, binding in bindings.items():
            if not binding.rest:
                for version, places in self._places.items():
                    merged = of_networks(subnet for subnet in binding.subnets if subnet.version == version)
                    places.extend((low, high, zone) for low, high in merged)
        for places in self._places.values():
            places.sort(key=lambda place: place[:2])

    def holding(self, network: IPNetwork) -> Zone | None:
        """The zone whose subnets overlap a network, if any."""
        found = self._overlapping(network)
        return None if found is None else found[2]

    def may_hold(self, zone: Zone, network: IPNetwork) -> bool:
        """Whether a network can be in a zone: inside its subnets, or in no other zone's when it has none."""
        binding = self.bindings[zone]
        found = self._overlapping(network)
        if not binding.subnets or binding.rest:
            return found is None or found[2] is zone
        low, high = of_network(network)
        return found is not None and found[2] is zone and found[0] <= low and high <= found[1]

    def _overlapping(self, network: IPNetwork) -> tuple[int, int, Zone] | None:
        """The first place, by address, that shares an address with a network."""
        places = self._places[network.version]
        low, high = of_network(network)
        index = bisect_right(places, low, key=lambda place: place[0])
        if index and places[index - 1][1] >= low:
            return places[index - 1]
        return places[index] if index < len(places) and places[index][0] <= high else None


def read_zones(root: YamlNode, mistakes: Mistakes) -> Zones:
    """Reads `zones:`; the schema has checked the names."""
    bindings: dict[Zone, ZoneBinding] = {}
    placed: list[tuple[IPNetwork, Zone, YamlNode]] = []
    for name, node in root.entries("zones"):
        zone = Zone(name)
        subnets = []
        for item in node.items("subnets"):
            subnet = mistakes.attempt(fields.network, item)
            if subnet is not None:
                subnets.append(subnet)
                placed.append((subnet, zone, item))
        behind = node.optional_text("behind")
        bindings[zone] = ZoneBinding(
            zone=zone,
            subnets=tuple(subnets),
            interfaces=mistakes.each(fields.interface, node, "interfaces"),
            vlans=tuple(item.value for item in node.items("vlans") if isinstance(item.value, int)),
            rest=node.flag("rest", default=False),
            behind=None if behind is None else Zone(behind),
            source=node.source,
        )
        _check_place(node, zone, mistakes)
    _check_behind(root, bindings, mistakes)
    _check_overlaps([entry for entry in placed if not bindings[entry[1]].rest], mistakes)
    _check_entrances(root, bindings, mistakes)
    return Zones(bindings)


def _check_place(node: YamlNode, zone: Zone, mistakes: Mistakes) -> None:
    rest = node.flag("rest", default=False)
    if rest and zone is not Zone.PUBLIC_INTERNET:
        mistakes.add(
            node.error(
                Text(ja="rest を書けるのは public_internet だけです。", en="Only public_internet may have `rest`."),
                Text(
                    ja="この領域のアドレスを subnets に書いてください。",
                    en="List the addresses of this zone under `subnets`.",
                ),
                "rest",
            )
        )
    if not rest and not any(node.items("subnets")) and not any(node.items("interfaces")) and node.get("behind") is None:
        mistakes.add(
            node.error(
                Text(
                    ja="この領域がネットワークのどこにあるか書かれていません。",
                    en="Nothing says where in the network this zone is.",
                ),
                Text(
                    ja="庁内の領域なら subnets（アドレス）、庁外なら interfaces（出入口）を書きます。",
                    en="Give `subnets` for a zone inside the building, `interfaces` for one outside.",
                ),
            )
        )


def _check_behind(root: YamlNode, bindings: Mapping[Zone, ZoneBinding], mistakes: Mistakes) -> None:
    for name, node in root.entries("zones"):
        seen = [Zone(name)]
        while (behind := bindings[seen[-1]].behind) is not None:
            if behind not in bindings:
                if len(seen) == 1:
                    mistakes.add(
                        node.error(
                            Text(
                                ja=f"領域 {behind} が zones にありません。",
                                en=f"The zone {behind} is not under `zones`.",
                            ),
                            Text(
                                ja=f"{behind} も zones に書いてください。", en=f"Describe {behind} under `zones` too."
                            ),
                            "behind",
                        )
                    )
                break
            if behind in seen:
                if behind is seen[0]:
                    mistakes.add(
                        node.error(
                            Text(
                                ja="behind をたどると元の領域に戻ります。",
                                en="Following `behind` leads back to the zone itself.",
                            ),
                            Text(
                                ja="behind には、この領域より庁内に近い領域を書きます。",
                                en="Name the zone that is nearer to the building.",
                            ),
                            "behind",
                        )
                    )
                break
            seen.append(behind)


def _check_overlaps(placed: list[tuple[IPNetwork, Zone, YamlNode]], mistakes: Mistakes) -> None:
    """Of two prefixes that overlap one lies inside the other, so comparing with the enclosing one is enough."""
    ordered = sorted(placed, key=lambda entry: (entry[0].version, int(entry[0].network_address), entry[0].prefixlen))
    enclosing: list[tuple[IPNetwork, Zone, YamlNode]] = []
    for network, zone, node in ordered:
        while enclosing and not _inside(network, enclosing[-1][0]):
            enclosing.pop()
        if enclosing and enclosing[-1][1] is not zone:
            outer, other, other_node = enclosing[-1]
            line = other_node.source.number
            same = outer == network
            mistakes.add(
                node.error(
                    Text(
                        ja=f"{network}（{zone}）は {line} 行目の {other} にもあります。"
                        if same
                        else f"{network}（{zone}）は {line} 行目の {other} の {outer} に含まれています。",
                        en=f"{network} ({zone}) is also in {other} in line {line}."
                        if same
                        else f"{network} ({zone}) lies inside {outer} of {other} in line {line}.",
                    ),
                    Text(
                        ja="一つのアドレスが二つの領域に属することはできません。どちらかを直すか、大きい方を分けて書いてください。",
                        en="An address cannot be in two zones: mend one, or split the larger prefix.",
                    ),
                )
            )
        enclosing.append((network, zone, node))


def _check_entrances(root: YamlNode, bindings: Mapping[Zone, ZoneBinding], mistakes: Mistakes) -> None:
    """Two zones that have no addresses cannot be told apart behind one interface."""
    owner: dict[str, Zone] = {}
    for name, node in root.entries("zones"):
        binding = bindings[Zone(name)]
        if binding.subnets or binding.rest:
            continue
        for reference in binding.interfaces:
            other = owner.setdefault(str(reference), binding.zone)
            if other is not binding.zone:
                mistakes.add(
                    node.error(
                        Text(
                            ja=f"{reference} は領域 {other} の出入口でもあり、区別できません。",
                            en=f"{reference} is an entrance of {other} as well, so the two cannot be told apart.",
                        ),
                        Text(
                            ja="少なくとも一方に subnets を書くか、behind を使ってください。",
                            en="Give `subnets` to at least one of them, or use `behind`.",
                        ),
                        "interfaces",
                    )
                )


def _inside(inner: IPNetwork, outer: IPNetwork) -> bool:
    return (
        inner.version == outer.version
        and inner.prefixlen >= outer.prefixlen
        and int(inner.network_address) >= int(outer.network_address)
        and int(inner.broadcast_address) <= int(outer.broadcast_address)
    )
