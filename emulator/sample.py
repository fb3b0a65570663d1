"""A believable company for the demo: the same people in both directories, and three months of their work in the database."""

from __future__ import annotations

import random
from datetime import datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from emulator import sample_words as words
from emulator.dingtalk import DingTalkEmulator
from emulator.wecom import WeComEmulator
from emulator.wecom.records import Contact as RemoteContact
from emulator.wecom.records import Follow as RemoteFollow
from emulator.wecom.tags import new_group, new_tag
from scrm import calendar, leads, pool
from scrm.lookup import name_key
from scrm.models import (
    Activity,
    ActivityContact,
    Channel,
    Contact,
    ContactTag,
    Customer,
    CustomerTag,
    Deal,
    Department,
    Follow,
    FollowUp,
    Identity,
    Lead,
    Member,
    Membership,
    Stage,
    StageChange,
    Tag,
    Target,
)

ZONE = ZoneInfo("Asia/Shanghai")
DAYS = 92
CUSTOMERS, CONTACTS, DEALS, ACTIVITIES = 30, 60, 40, 200
REPS = ("lina", "wanglei", "sunhao")


def fill_directories(wecom: WeComEmulator, dingtalk: DingTalkEmulator) -> None:
    """Departments and members of the sample company, as an administrator would have set them up."""
    wecom.departments[1].name = dingtalk.departments[1].name = words.COMPANY
    for ident, name in words.DEPARTMENTS:
        wecom.add_department(ident, name)
        dingtalk.add_department(ident, name)
    for person in words.PEOPLE:
        leads = list(person.leads)
        if person.platform == "wecom":
            wecom.add_member(person.user_id, person.name, departments=list(person.departments), leader_of=leads)
        else:
            dingtalk.add_member(person.user_id, person.name, departments=list(person.departments), leader_of=leads)


def fill_database(session: Session, now: datetime, wecom: WeComEmulator) -> None:
    """Customers, contacts, deals, three months of activities and the follow-ups of the coming days. `now` is aware."""
    _Sample(session, now, wecom).fill()


class _Sample:
    def __init__(self, session: Session, now: datetime, wecom: WeComEmulator) -> None:
        self.session, self.now, self.wecom = session, now, wecom
        self.random = random.Random(20)
        self.members: dict[str, Member] = {}
        self.stages = list(
            session.scalars(sa.select(Stage).where(Stage.pipeline == "default").order_by(Stage.position))
        )

    def fill(self) -> None:
        self._people()
        self._tags()
        customers = self._customers()
        contacts = self._contacts(customers)
        deals = self._deals(customers)
        self._targets()
        self._activities(customers, contacts, deals)
        self._follow_ups(customers, contacts, deals)
        self.session.flush()
        pool.change_hands(
            self.session,
            customers[-2:],
            dict.fromkeys((row.id for row in customers[-2:]), None),
            self.now - timedelta(days=9),
            words.RELEASED,
        )
        self._leads()
        self.session.flush()

    def _add(self, row: object, at: datetime | None = None) -> None:
        if at is not None:
            row.created_at = row.updated_at = at  # type: ignore[attr-defined]
        self.session.add(row)

    # --- people

    def _people(self) -> None:
        start = self.now - timedelta(days=DAYS)
        for person in words.PEOPLE:
            member = Member(name=person.name, role=person.role, role_fixed=True)
            self._add(member, start)
            self.session.flush()
            self.members[person.user_id] = member
            door = "wecom_app" if person.platform == "wecom" else "dingtalk"
            self._add(
                Identity(
                    platform=person.platform, user_id=person.user_id, member_id=member.id, door=door, used_at=start
                )
            )
        leader = self.members["chenjing"]
        for user_id in ("lina", "wanglei"):
            self.members[user_id].manager_id, self.members[user_id].manager_fixed = leader.id, True
        for ident, name in ((1, words.COMPANY), *words.DEPARTMENTS):
            for platform in ("wecom", "dingtalk"):
                parent = "" if ident == 1 else "1"
                self._add(Department(platform=platform, remote_id=str(ident), parent_remote_id=parent, name=name))
        self.session.flush()
        units = {(unit.platform, unit.remote_id): unit.id for unit in self.session.scalars(sa.select(Department))}
        for person in words.PEOPLE:
            for ident in person.departments:
                unit = units[(person.platform, str(ident))]
                self._add(
                    Membership(
                        member_id=self.members[person.user_id].id, department_id=unit, is_leader=ident in person.leads
                    )
                )

    def _tags(self) -> None:
        group = new_group(self.wecom, words.TAG_GROUP)
        self.tags = {}
        for name in words.TAGS:
            remote = new_tag(self.wecom, group, name)
            tag = Tag(name=name, group_name=words.TAG_GROUP, remote_id=remote.id)
            self._add(tag)
            self.tags[name] = tag
        expo = Channel(
            name=words.CHANNEL, state="ch_expo", owner_id=self.members["lina"].id, maker_id=self.members["zhaomin"].id,
            welcome=words.CHANNEL_WELCOME, tag_names=["展会"], status="live",
        )  # fmt: skip
        self._add(expo, self.now - timedelta(days=40))
        self.session.flush()

    # --- customers and their people

    def _owner(self, index: int) -> Member:
        return self.members[("lina", "lina", "wanglei", "wanglei", "sunhao")[index % 5]]

    def _customers(self) -> list[Customer]:
        rows = []
        for index, company in enumerate(words.CUSTOMERS):
            at = self.now - timedelta(days=DAYS - index, hours=self.random.randint(0, 8))
            customer = Customer(
                name=company.name,
                name_key=name_key(company.name),
                region=company.region,
                tier=company.tier,
                owner_id=self._owner(index).id,
            )
            self._add(customer, at)
            rows.append(customer)
        self.session.flush()
        for customer in self.random.sample(rows, 9):
            self._add(CustomerTag(customer_id=customer.id, tag_id=self.tags[self.random.choice(words.TAGS[:4])].id))
        return rows

    def _contacts(self, customers: list[Customer]) -> list[Contact]:
        rows = []
        for index in range(CONTACTS):
            customer = customers[index % CUSTOMERS]
            name, title = words.CONTACTS[index]
            role = "decision_maker" if title.endswith(("总经理", "总监", "董事长")) else "user"
            contact = Contact(name=name, title=title, customer_id=customer.id, owner_id=customer.owner_id, role=role,
                              phone=f"138{self.random.randint(10_000_000, 99_999_999)}")  # fmt: skip
            self._add(contact, self.now - timedelta(days=DAYS - index // 2))
            rows.append(contact)
        self.session.flush()
        for index, contact in enumerate(rows[:24]):
            self._befriend(contact, index)
        self.session.flush()
        return rows

    def _befriend(self, contact: Contact, index: int) -> None:
        """The contact has added its owner (or Li Na) on WeChat: a contact of the private domain, here and on the platform."""
        wecom_owners = [self.members["lina"].id, self.members["sunhao"].id]
        owner_id = contact.owner_id if contact.owner_id in wecom_owners else wecom_owners[0]
        user_id = next(user_id for user_id, member in self.members.items() if member.id == owner_id)
        contact.external_user_id = f"wmDemo{index:026d}"
        contact.channel = words.CHANNEL if index % 3 == 0 else ""
        contact.owner_id = owner_id
        since = self.now - timedelta(days=60 - index)
        state = "ch_expo" if index % 3 == 0 else ""
        self._add(
            Follow(
                contact_id=contact.id,
                member_id=owner_id,
                external_user_id=contact.external_user_id,
                state=state,
                since=since,
            )
        )
        tag = self.tags[words.TAGS[index % 4]]
        self._add(ContactTag(contact_id=contact.id, tag_id=tag.id, member_id=owner_id))
        remote = RemoteContact(contact.external_user_id, contact.name)
        remote.follows[user_id] = RemoteFollow(user_id, since, state=state, tag_ids={tag.remote_id or ""})
        self.wecom.contacts[contact.external_user_id] = remote

    # --- deals and what happened

    def _deals(self, customers: list[Customer]) -> list[Deal]:
        rows = []
        for index in range(DEALS):
            customer = customers[index % CUSTOMERS]
            opened = self.now - timedelta(days=self.random.randint(10, DAYS - 3))
            stage = self.stages[min(self.random.randint(0, 4), 3)]
            status = "won" if index % 8 == 3 else "lost" if index % 11 == 5 else "open"
            company = words.CUSTOMERS[index % CUSTOMERS]
            deal = Deal(
                name=f"{company.called}{company.projects[index // CUSTOMERS]}", customer_id=customer.id, owner_id=customer.owner_id,
                stage_id=(self.stages[-1] if status == "won" else stage).id, status=status,
                amount=Decimal(self.random.choice(words.AMOUNTS)) * 10_000, stage_since=opened + timedelta(days=self.random.randint(1, 8)),
            )  # fmt: skip
            if status == "open" and stage.position >= 2:
                deal.expected_close_on = (self.now + timedelta(days=index * 5 % 30)).date()
            if status != "open":
                deal.closed_at = min(
                    self.now - timedelta(hours=20 + index), opened + timedelta(days=self.random.randint(20, 60))
                )
                deal.lost_reason = "价格" if status == "lost" else ""
            self._add(deal, opened)
            rows.append(deal)
        self.session.flush()
        for deal in rows:
            self._history(deal)
        return rows

    def _targets(self) -> None:
        month = self.now.date().replace(day=1)
        for user_id, amount in words.TARGETS.items():
            owner = self.members[user_id].id
            self._add(Target(owner="member", owner_id=owner, span="month", starts_on=month, amount=amount * 10_000))

    def _history(self, deal: Deal) -> None:
        last = next(position for position, stage in enumerate(self.stages) if stage.id == deal.stage_id)
        at, end = deal.created_at, deal.closed_at or self.now - timedelta(hours=30)
        step = (end - at) / (last + 2)
        for position in range(last + 1):
            before = self.stages[position - 1].id if position else None
            status = deal.status if position == last and deal.closed_at else "open"
            self._add(
                StageChange(
                    deal_id=deal.id, at=at, member_id=deal.owner_id, from_stage_id=before, to_stage_id=self.stages[position].id,
                    from_status="open" if position else "", to_status=status,
                )
            )  # fmt: skip
            at += step

    def _leads(self) -> None:
        for days, (name, company, title, phone, need, source, owner) in enumerate(words.LEADS, 1):
            lead = Lead(
                name=name, company=company, title=title, phone=phone, key=leads.phone_key(phone), need=need, source=source,
                owner_id=self.members[owner].id if owner else None,
            )  # fmt: skip
            self._add(lead, self.now - timedelta(days=days))

    def _activities(self, customers: list[Customer], contacts: list[Contact], deals: list[Deal]) -> None:
        called = {row.id: company.called for row, company in zip(customers, words.CUSTOMERS, strict=True)}
        times = sorted(self._working_time(self.random.uniform(0.2, DAYS - 2)) for _ in range(ACTIVITIES))
        for index, at in enumerate(times):
            customer = customers[index % CUSTOMERS] if index % 3 else self.random.choice(customers)
            people = [contact for contact in contacts if contact.customer_id == customer.id]
            person = self.random.choice(people)
            deal = next((deal for deal in deals if deal.customer_id == customer.id and deal.status == "open"), None)
            project = deal.name.removeprefix(called[customer.id]) if deal else "新项目"
            kind, template = self.random.choice(words.SENTENCES)
            summary = template.format(customer=called[customer.id], person=person.name, project=project)
            activity = Activity(customer_id=customer.id, deal_id=deal.id if deal else None, member_id=customer.owner_id, kind=kind,
                                happened_at=at, summary=summary)  # fmt: skip
            self._add(activity, at)
            self.session.flush()
            self._add(ActivityContact(activity_id=activity.id, contact_id=person.id))
            customer.last_activity_at = at

    def _working_time(self, days_ago: float) -> datetime:
        day = (self.now - timedelta(days=days_ago)).astimezone(ZONE).date()
        while not calendar.is_workday(day):
            day -= timedelta(days=1)
        moment = datetime.combine(day, time(self.random.randint(9, 17), self.random.choice((0, 10, 25, 40, 55))), ZONE)
        return min(moment, self.now - timedelta(hours=1))

    def _follow_ups(self, customers: list[Customer], contacts: list[Contact], deals: list[Deal]) -> None:
        """Some overdue since yesterday, some due today and in the coming days, many done."""
        for index, customer in enumerate(customers):
            offset = (-1, 0, 1, 2, 3, 6)[index % 6]
            due = self._due(offset, 10 + index % 7)
            person = next(contact for contact in contacts if contact.customer_id == customer.id)
            deal = next((deal for deal in deals if deal.customer_id == customer.id and deal.status == "open"), None)
            row = FollowUp(
                customer_id=customer.id, contact_id=person.id, deal_id=deal.id if deal else None, owner_id=customer.owner_id,
                action=words.ACTIONS[index % len(words.ACTIONS)], due_at=due, remind_at=due,
            )  # fmt: skip
            if due <= self.now:
                row.alerted_at = due
            if offset < 0 and index % 4:
                row.status, row.done_at = "done", due + timedelta(hours=1)
            self._add(row, due - timedelta(days=4))

    def _due(self, offset: int, hour: int) -> datetime:
        day = self.now.astimezone(ZONE).date()
        step = 1 if offset > 0 else -1
        for _ in range(abs(offset)):
            day += timedelta(days=step)
            while not calendar.is_workday(day):
                day += timedelta(days=step)
        return datetime.combine(day, time(hour, 0), ZONE)
