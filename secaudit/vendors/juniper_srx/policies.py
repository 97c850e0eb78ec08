"""Security policies as one filter (SR-02): the policies of the pair of zones in their order, the global ones, the default.

"Traffic inside one zone needs a policy too." An interface in no zone (the null zone) forwards nothing. What a policy asks beyond the header
(users, applications by content, URL categories, a schedule) leaves open whether it acts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from secaudit.network.device import DoubtKind
from secaudit.network.filters import Action, Certainty, Filter, FilterLine
from secaudit.network.intervals import Intervals
from secaudit.network.matches import ANY_PACKET, Family, Match, Service
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources
from secaudit.vendors.juniper_srx.addresses import FAMILIES, AddressBooks, Addresses, anything
from secaudit.vendors.juniper_srx.applications import ANYTHING, Applications, ServiceSet
from secaudit.vendors.juniper_srx.findings import Scope
from secaudit.vendors.juniper_srx.tree import Statement, join
from secaudit.vendors.juniper_srx.zones import HOST, Zones

NAME = "security policies"
_HARMLESS_MATCH = frozenset(("source-address", "destination-address", "application", "from-zone", "to-zone", "source-address-excluded", "destination-address-excluded"))  # fmt: skip
_CONDITIONS = {
    "source-identity": ("利用者の認証情報で判定します。", "It decides by the user."),
    "source-end-user-profile": ("端末のプロファイルで判定します。", "It decides by the profile of the terminal."),
    "dynamic-application": (
        "アプリケーション識別の結果で判定します。",
        "It decides by what the application turns out to be.",
    ),
    "url-category": ("URLカテゴリーで判定します。", "It decides by the category of the URL."),
    "feed": ("外部フィードで判定します。", "It decides by a feed."),
}
_HARMLESS_THEN = frozenset(("log", "count"))
_RESTRICTING = frozenset(
    (
        "application-services",
        "firewall-authentication",
        "tcp-options",
        "services-offload",
        "destination-address",
        "connection-close",
    )
)
"""Below `permit`: they can only take away from what is permitted, or need more of it."""


@dataclass(slots=True)
class _Context:
    """One list of policies: for a pair of zones, or global (both None)."""

    statement: Statement
    source: str | None
    destination: str | None
    policies: list[Statement] = field(default_factory=list)


@dataclass(slots=True)
class Policies:
    """The filter between zones, and the lines about the device itself: `to_host` by zone of entry, `from_host` by zone of exit."""

    lines: list[FilterLine] = field(default_factory=list)
    disabled: list[FilterLine] = field(default_factory=list)
    to_host: list[FilterLine] = field(default_factory=list)
    from_host: list[FilterLine] = field(default_factory=list)
    guarded: frozenset[str] = frozenset()
    """The interfaces whose zone has policies to the device itself."""
    default: Action = Action.DENY
    default_sources: Sources = ()


def read_policies(
    scope: Scope,
    zones: Zones,
    books: AddressBooks,
    applications: Applications,
    inactive: Iterable[tuple[Statement, str | None, str | None]],
) -> Policies:
    """Every policy of the file. `inactive` are the deactivated ones with their zones (None: a global policy)."""
    section = scope.section("security", "policies")
    section.use()
    result = Policies()
    reader = _Reader(scope, zones, books, applications)
    guarded: set[str] = set()
    contexts = list(_contexts(section))
    _report_undefined_zones(scope, zones, section, contexts)
    for context in contexts:
        lines = [line for policy in context.policies for line in reader.lines(policy, context)]
        if context.destination == HOST:
            result.to_host += lines
            guarded |= reader.members(context.source)
        elif context.source == HOST:
            result.from_host += lines
        else:
            result.lines += lines
        if context.source is None:
            result.to_host += [_perhaps(line) for line in lines if line.action is not Action.PERMIT]
    result.guarded = frozenset(guarded)
    reader.quiet = True
    for policy, source, destination in inactive:
        result.disabled += reader.lines(policy, _Context(Statement(""), source, destination))
    said = section.value("default-policy")
    result.default_sources = section.children["default-policy"].sources() if said else section.sources()[:1]
    works = said or scope.defaults.default_policy
    if works == "permit-all":
        result.default = Action.PERMIT
    elif works != "deny-all":
        section.children["default-policy"].leave()
        result.default = Action.UNKNOWN
    return result


def _report_undefined_zones(scope: Scope, zones: Zones, section: Statement, contexts: list[_Context]) -> None:
    """Junos refuses a policy for a zone that is not defined, so part of the text is missing: the zone holds interfaces that nobody sees."""
    for context in contexts:
        for name in (context.source, context.destination):
            if name is not None and name not in (HOST, "any") and name not in zones.zones:
                text = Text(
                    ja=f"ポリシーが使うゾーン「{name}」の定義がありません。",
                    en=f"The zone '{name}' that policies use is not defined.",
                )
                scope.findings.doubt(DoubtKind.UNDEFINED, text, context.statement.sources()[:1] or scope.identity)
    if not zones.zones and not contexts:
        scope.findings.doubt(DoubtKind.UNDEFINED, _NO_ZONES, section.sources()[:1] or scope.identity)


def policy_filter(scope: Scope, zones: Zones, policies: Policies, before: list[FilterLine]) -> Filter:
    """The filter that every forwarded packet passes. `before` are the lines for what passes beside the policies."""
    lines = [*before, *policies.lines]
    sources = policies.default_sources or scope.identity
    if policies.default is not Action.DENY:
        members = zones.all_members()
        lines.append(
            FilterLine("default-policy", policies.default, ANY_PACKET, sources, ingress=members, egress=members)
        )
    return Filter(
        NAME,
        tuple(lines),
        Action.DENY,
        sources,
        default_sources=sources,
        stateful=True,
        disabled=tuple(policies.disabled),
    )


def _contexts(section: Statement) -> Iterator[_Context]:
    """The lists of policies: those of pairs of zones in the order of the file, then the global ones."""
    for source in section.below("from-zone"):
        for destination in source.below("to-zone"):
            for node in (section.children["from-zone"], source, source.children["to-zone"], destination):
                node.use()
            yield _Context(destination, source.word, destination.word, list(destination.below("policy")))
    whole = section.get("global")
    if whole is not None:
        whole.use()
        yield _Context(whole, None, None, list(whole.below("policy")))


def _perhaps(line: FilterLine) -> FilterLine:
    """Whether a global policy is asked about packets for the device itself is not documented."""
    return FilterLine(
        line.label, line.action, line.matches, line.sources, Certainty.UNCERTAIN, _GLOBAL_TO_HOST, ingress=line.ingress
    )


class _Reader:
    """Reads one policy into its filter lines."""

    def __init__(self, scope: Scope, zones: Zones, books: AddressBooks, applications: Applications) -> None:
        self.scope = scope
        self.zones = zones
        self.books = books
        self.applications = applications
        self.quiet = False
        """Deactivated policies raise no doubts."""

    def members(self, zone: str | None) -> frozenset[str]:
        """The interfaces of a zone; of no zone in particular, those of all."""
        return self.zones.all_members() if zone is None or zone == "any" else self.zones.members(zone)

    def lines(self, policy: Statement, context: _Context) -> list[FilterLine]:
        """The line for what surely matches, and one for what may match besides."""
        if "policy" in context.statement.children:
            context.statement.children["policy"].use()
        policy.use()
        conditions: list[Text] = []
        match = policy.get("match") or Statement("")
        match.use()
        ingress, egress = self._interfaces(match, context, conditions)
        source = self._addresses(match, "source-address", context.source)
        destination = self._addresses(match, "destination-address", context.destination)
        services = self._services(match)
        for child in match:
            if child.word in _CONDITIONS:
                child.use_all()
                if not _is_any(child):
                    ja, en = _CONDITIONS[child.word]
                    conditions.append(Text(ja=ja, en=en))
            elif child.word not in _HARMLESS_MATCH:
                child.leave()
                conditions.append(_UNREAD)
        action = self._action(policy, conditions, ingress, egress)
        sometimes = self._schedule(policy, conditions)
        for child in policy:
            if child.word not in ("match", "then", "scheduler-name", "description", "report-skip"):
                child.leave()
                conditions.append(_UNREAD)
        return self._filter_lines(
            policy, action, (source, destination), services, conditions, sometimes, ingress, egress
        )

    def _interfaces(
        self, match: Statement, context: _Context, conditions: list[Text]
    ) -> tuple[frozenset[str] | None, frozenset[str] | None]:
        if context.source is not None:
            source, destination = context.source, context.destination
            return (
                None if source == HOST else self.members(source),
                None if destination == HOST else self.members(destination),
            )
        sides = []
        for word in ("from-zone", "to-zone"):
            names = match.values(word)
            if any(name not in self.zones.zones and name != "any" for name in names):
                conditions.append(_UNDEFINED_ZONE)
                names = ()
            sides.append(frozenset(m for name in names for m in self.members(name)) if names else self.members(None))
        return sides[0], sides[1]

    def _addresses(self, match: Statement, word: str, zone: str | None) -> Addresses:
        names = match.values(word)
        lines = match.children[word].sources() if word in match.children else ()
        if not names:
            return anything(lines, _NO_ADDRESS)
        zones = (zone,) if zone is not None else self._zones_of(match, word)
        found = [self.books.of_names(names, one or "") for one in zones]
        first = found[0]
        if any(one.possible != first.possible or one.sure != first.sure for one in found):
            # A global policy whose names mean something else in each zone.
            first = anything(first.sources, _AMBIGUOUS)
        return first.without() if match.has(f"{word}-excluded") else first

    def _zones_of(self, match: Statement, word: str) -> tuple[str | None, ...]:
        """The books in which a global policy looks up names: the global one; those of its zones may have the name as well."""
        names = match.values("from-zone" if word.startswith("source") else "to-zone")
        return tuple(name for name in names if name != "any") or ("",)

    def _services(self, match: Statement) -> ServiceSet:
        names = match.values("application")
        if names:
            return self.applications.of_names(names)
        if match.get("dynamic-application") is not None:
            return ANYTHING
        return ServiceSet((), ANYTHING.possible, (), _NO_APPLICATION)

    def _action(
        self, policy: Statement, conditions: list[Text], ingress: frozenset[str] | None, egress: frozenset[str] | None
    ) -> Action:
        then = policy.get("then") or Statement("")
        then.use()
        chosen = [child for child in then if child.word in ("permit", "deny", "reject")]
        for child in then:
            if child.word in _HARMLESS_THEN:
                child.use_all()
            elif child not in chosen:
                child.leave()
                conditions.append(_UNREAD)
        if not chosen:
            return Action.UNKNOWN
        for child in chosen:
            child.use()
        latest = max(chosen, key=lambda child: child.order)
        if latest.word != "permit":
            for child in latest:
                child.use_all()
            return Action.DENY
        for child in latest:
            if child.word == "tunnel":
                child.use_all()
                self._report_tunnel(policy, ingress, egress)
            elif child.word in _RESTRICTING:
                child.use_all()
                if child.word in ("destination-address", "firewall-authentication"):
                    conditions.append(_RESTRICTED)
            else:
                child.leave()
                conditions.append(_UNREAD)
        return Action.PERMIT

    def _report_tunnel(self, policy: Statement, ingress: frozenset[str] | None, egress: frozenset[str] | None) -> None:
        text = Text(
            ja=f"ポリシー「{policy.word}」はポリシーベースIPsecです。トンネルの先への通信を判定していません。",
            en=f"The policy '{policy.word}' is policy-based IPsec; what its tunnel carries is not modelled.",
        )
        both = None if ingress is None or egress is None else ingress | egress
        if self.quiet:
            return
        self.scope.findings.doubt(DoubtKind.UNSUPPORTED, text, policy.sources(), interfaces=both)

    def _schedule(self, policy: Statement, conditions: list[Text]) -> bool:
        name = policy.value("scheduler-name")
        if not name:
            return False
        found = self.scope.root.get("schedulers", "scheduler", name)
        if found is None:
            conditions.append(
                Text(ja=f"スケジュール「{name}」の定義がありません。", en=f"The schedule '{name}' is not defined.")
            )
            return False
        return True

    def _filter_lines(
        self,
        policy: Statement,
        action: Action,
        sides: tuple[Addresses, Addresses],
        services: ServiceSet,
        conditions: list[Text],
        sometimes: bool,
        ingress: frozenset[str] | None,
        egress: frozenset[str] | None,
    ) -> list[FilterLine]:
        source, destination = sides
        sources = join(policy.sources(), source.sources, destination.sources, services.sources) or self.scope.identity
        logged = policy.get("then", "log") is not None
        comment = policy.value("description")
        doubts = [one for one in (source.why, destination.why, services.why) if one is not None]

        def line(matches: tuple[Match, ...], certainty: Certainty, doubt: Text | None) -> FilterLine:
            return FilterLine(
                label=f"policy {policy.word}", action=action, matches=matches, sources=sources, certainty=certainty,
                doubt=doubt, logged=logged, ingress=ingress, egress=egress, comment=comment,
            )  # fmt: skip

        sure = _matches(source.sure, destination.sure, services.sure)
        if _UNREAD in conditions:
            # What nobody understands may widen the policy, as `source-address-excluded` does.
            return [line(ANY_PACKET, Certainty.UNCERTAIN, _UNREAD)]
        if conditions:
            most = _matches(source.possible, destination.possible, services.possible)
            return [line(most, Certainty.UNCERTAIN, conditions[0])]
        certainty = Certainty.SOMETIMES if sometimes else Certainty.ALWAYS
        lines = [line(sure, certainty, None)] if sure or not doubts else []
        if doubts:
            most = _matches(source.possible, destination.possible, services.possible)
            lines.append(line(most, Certainty.UNCERTAIN, doubts[0]))
        return lines


def _matches(
    sources: Mapping[Family, Intervals], destinations: Mapping[Family, Intervals], services: tuple[Service, ...]
) -> tuple[Match, ...]:
    return tuple(
        Match(family, sources[family], destinations[family], services)
        for family in FAMILIES
        if sources[family] and destinations[family] and services
    )


def _is_any(condition: Statement) -> bool:
    """`any` asks nothing; `none` of a dynamic application neither (the policy does not look at the content)."""
    nothing = {"any"} if condition.word == "source-identity" else {"any", "none"}
    return bool(condition.children) and set(condition.children) <= nothing


_NO_ZONES = Text(
    ja="ポリシーの設定がありますが、ゾーンの定義が一つもありません。",
    en="There are settings of policies but no zone at all.",
)
_UNDEFINED_ZONE = Text(
    ja="グローバルポリシーが使うゾーンの定義がありません。", en="A zone that the global policy names is not defined."
)
_UNREAD = Text(ja="ポリシーに読み取れない行があります。", en="The policy has lines that were not understood.")
_NO_ADDRESS = Text(ja="ポリシーにアドレスの指定がありません。", en="The policy names no address.")
_NO_APPLICATION = Text(ja="ポリシーにアプリケーションの指定がありません。", en="The policy names no application.")
_AMBIGUOUS = Text(
    ja="アドレス名の意味がゾーンにより異なります。", en="The name of an address means something else in each zone."
)
_RESTRICTED = Text(
    ja="ポリシーの許可に、認証または宛先変換の条件が付いています。",
    en="What the policy permits depends on authentication or on translation of the destination.",
)
_GLOBAL_TO_HOST = Text(
    ja="グローバルポリシーが機器自身宛ての通信にも働くかは確認できません。",
    en="Whether a global policy is asked about packets for the device itself is not known.",
)
