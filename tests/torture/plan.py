"""What a torture run does, from its seed alone: who says what, which process dies where. Pure."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, product

Door = str  # wecom_app | wecom_bot | dingtalk
HEADS, TAILS = ("宏图", "远洋", "金源", "华盛", "鼎新", "恒泰"), ("精密", "物流", "医药", "建材")
DOORS: tuple[Door, ...] = ("wecom_app", "wecom_app", "dingtalk", "dingtalk", "wecom_bot", "wecom_app")
# In the order of the path of a message; `ticking` is on that of the clock.
SERVING = ("received", "inserted", "accepted", "handled", "done", "claimed", "sent", "settled", "written")
TICKING = ("ticking", "claimed", "sent")
KINDS = ("call", "call", "visit", "visit", "deal", "thanks", "contact", "tap", "tap")
TAPS = {"call": "undo", "visit": "undo", "deal": "move"}  # what there is to tap on the card that tells of it
LATEST_PASS, LONGEST = 6, 3.0
LETTERS = str.maketrans("0123456789", "甲乙丙丁戊己庚辛壬癸")
FIRST_NUMBER = 3001  # none of the smaller ones that are also days


@dataclass(frozen=True, slots=True)
class Person:
    """A rep who speaks through one door, always of the same customer."""

    user_id: str
    name: str
    door: Door
    customer: str

    @property
    def platform(self) -> str:
        """wecom or dingtalk."""
        return self.door.partition("_")[0]


@dataclass(frozen=True, slots=True)
class Act:
    """One thing a person does; `number` is its own, or for a tap that of the record on the card."""

    person: Person
    kind: str  # customer | call | visit | deal | thanks | contact | undo | move
    number: int
    pause: float  # seconds before it

    @property
    def mark(self) -> str:
        """The words by which its record is found again."""
        if self.kind in ("deal", "move"):  # no digits: those of a deal's name are also those of a time
            return str(self.number).translate(LETTERS) + "型设备"
        return f"第{self.number}件事"

    @property
    def clock(self) -> str:
        """When the next step is due: another minute each, as the same step planned twice is one."""
        hour, minute = divmod(self.number % 450, 50)
        return f"{9 + hour}点{10 + minute}分"

    @property
    def text(self) -> str:
        """What is said."""
        customer = self.person.customer
        said = {
            "call": f"今天给{customer}打了电话，聊了{self.mark}",
            "visit": f"今天拜访了{customer}，聊了{self.mark}，明天{self.clock}再跟进",
            "deal": f"{customer} 新商机 {self.mark} 80万",
            "thanks": "谢谢" + f"{self.number:b}".translate({ord("0"): "～", ord("1"): "！"}),  # the number, unspoken
            "customer": f"新建客户 {customer}",
        }
        return said[self.kind]

    @property
    def external_id(self) -> str:
        """The customer who adds this person in WeChat."""
        return f"wmTorture{self.number:08d}"


@dataclass(frozen=True, slots=True)
class Kill:
    """Where a process dies: the `nth` time it passes a step, or, without a step, so many seconds after its start."""

    step: str = ""
    nth: int = 1
    seconds: float = 0.0

    def __str__(self) -> str:
        return f"{self.step} #{self.nth}" if self.step else f"after {self.seconds:.2f} s"


@dataclass(frozen=True, slots=True)
class Round:
    """One life of a process, and what people do meanwhile."""

    kill: Kill
    acts: tuple[Act, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole run."""

    seed: int
    people: tuple[Person, ...]
    beginning: tuple[Act, ...]  # before anything dies
    rounds: tuple[Round, ...]
    ticks: tuple[Kill, ...]  # runs of `scrm-bot tick` beside it, and where they die

    @property
    def acts(self) -> list[Act]:
        """Everything that anybody does, in the order of the plan."""
        return [*self.beginning, *(act for one in self.rounds for act in one.acts)]


def make(
    seed: int,
    kills: int,
    *,
    people: int = 18,
    steps: tuple[str, ...] = SERVING,
    latest: int = LATEST_PASS,
    kinds: tuple[str, ...] = KINDS,
) -> Plan:
    """A plan with so many kills of serving processes, three of four at steps and the rest at random instants.

    Ticks are killed besides, at each of their steps and then at random, one for ten kills. With `steps` or `kinds` of its
    own, a plan has these and nothing else; `latest` is the last pass of a step at which a process may die.
    """  # fmt: skip
    dice = random.Random(seed)
    cast = tuple(_people(people))
    everything = steps == SERVING
    acts = _acts(dice, cast, kinds)
    rounds = [
        Round(kill, tuple(next(acts) for _ in range(dice.randint(6, 10))))
        for kill in _kills(dice, kills, steps, latest, 3 if everything else 0)
    ]
    ticks = [Kill(step, dice.randint(1, 2)) for step in TICKING] if everything else []
    ticks += [Kill(seconds=dice.uniform(0.3, LONGEST)) for _ in range(kills // 10 - len(ticks))]
    beginning = tuple(Act(person, "customer", number, 0.0) for number, person in enumerate(cast))
    return Plan(seed, cast, beginning, tuple(rounds), tuple(ticks))


def _people(many: int) -> Iterator[Person]:
    customers = [head + tail for head, tail in product(HEADS, TAILS)]
    for index in range(many):
        door = DOORS[index % len(DOORS)]
        yield Person(f"rep{index:02d}", f"代表{chr(0x4E00 + 37 * index)}", door, customers[index])


def _kills(dice: random.Random, many: int, steps: tuple[str, ...], latest: int, instants: int) -> Iterator[Kill]:
    """Turn by turn through every step, in another order each turn: deaths on receipt in a row would wear out all retries."""
    made = 0
    while made < many:
        turn = [Kill(step, dice.randint(1, latest)) for step in steps]
        turn += [Kill(seconds=dice.uniform(0.05, LONGEST)) for _ in range(instants)]
        dice.shuffle(turn)
        yield from turn[: many - made]
        made += len(turn)


def _acts(dice: random.Random, people: tuple[Person, ...], kinds: tuple[str, ...]) -> Iterator[Act]:
    """Without end; a tap follows its record at once, before its person says anything else."""
    latest: dict[str, Act] = {}
    for number in count(FIRST_NUMBER):
        person, kind = dice.choice(people), dice.choice(kinds)
        before = latest.pop(person.user_id, None)
        if (kind == "tap" and before is None) or (kind == "contact" and person.platform != "wecom"):
            kind = "call"
        pause = dice.uniform(0, 0.3)
        if kind == "tap" and before is not None:
            yield Act(person, TAPS[before.kind], before.number, pause)
            continue
        act = Act(person, kind, number, pause)
        if kind in TAPS:
            latest[person.user_id] = act
        yield act
