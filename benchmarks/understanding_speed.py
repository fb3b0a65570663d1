"""Understanding with the names of a big company, beside plain jieba.lcut of the same sentences: time, memory, changes.

Each side runs in a process of its own on one thread; `python -m benchmarks understanding` starts them.
"""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from benchmarks.hostile import HOSTILE

NOW = datetime(2026, 5, 13, 10, 0, tzinfo=UTC)
PER_REP = 200
SENTENCES = 2000
SPOKEN = 200  # names per way of saying them
RENAMES = 20
STARTS = 3
Figures = dict[str, Any]


def run(customers: int) -> dict[str, Figures]:
    """What each side measured."""
    with tempfile.TemporaryDirectory() as folder:
        _child("company", folder, customers)
        found = {side: _child(side, folder, customers) for side in ("ours", "jieba", "jieba_names")}
        starts = [_child("start", folder, customers) for _ in range(STARTS)]
        found["ours"] |= {part: sorted(start[part] for start in starts)[STARTS // 2] for part in starts[0]}
        return found


def _child(side: str, folder: str, customers: int) -> Figures:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.understanding_speed", side, folder, str(customers)],
        check=True,
        capture_output=True,
        text=True,
    )
    return dict(json.loads(done.stdout.splitlines()[-1]))


def table(found: dict[str, Figures]) -> str:
    """The figures as the README shows them."""
    ours, plain, names = found["ours"], found["jieba"], found["jieba_names"]
    rows = [
        ("启动（处理器秒）：名字和词典", ours["names"], plain["start"], names["start"]),
        ("启动（处理器秒）：连同导入模块和读 SQLite", ours["total"], "-", "-"),
        ("常驻内存（MB）", ours["rss"], plain["rss"], names["rss"]),
        *((f"一句话 {q}（毫秒），看得到全部", ours["all"][q], plain["all"][q], names["all"][q]) for q in ("p50", "p99", "max")),
        *((f"一句话 {q}（毫秒），只看得到 {PER_REP} 家", ours["rep"][q], plain["rep"][q], names["rep"][q]) for q in ("p50", "p99", "max")),
        *((f"从数据库取一句话的可见范围 {q}（毫秒）", ours["scope"][q], "-", "-") for q in ("p50", "p99", "max")),
        ("另一个连接改名，到下一句话认得（毫秒，最慢）", ours["rename"]["visible"], "-", "-"),
        ("改名期间事件循环最长停顿（毫秒）", ours["rename"]["pause"], "-", "-"),
        ("10000 字的恶意文字，最慢（毫秒）", ours["hostile"]["max"], plain["hostile"]["max"], names["hostile"]["max"]),
    ]  # fmt: skip
    lines = ["| | scrm-bot | jieba.lcut | jieba.lcut + 全部名字 |", "|---|---|---|---|"]
    lines += [f"| {' | '.join(str(cell) for cell in row)} |" for row in rows]
    lines += ["", f"最慢的恶意文字：{ours['hostile']['slowest']}", ""]
    lines += ["| 怎么说客户 | 认对 | 追问且候选里有 | 没认出 | 认错 |", "|---|---|---|---|---|"]
    lines += [f"| {way} | {' | '.join(map(str, counts))} |" for way, counts in ours["spoken"].items()]
    return "\n".join(lines)


# --- in the children


def _company(folder: str, customers: int) -> Figures:
    """The company as a database, and what is said as a file."""
    import sqlalchemy as sa

    import bot.tables  # noqa: F401 - its tables belong to the schema
    from benchmarks.big_company import Company
    from scrm import defaults
    from scrm.db import Base, Database
    from scrm.models import Contact, Customer, CustomerAlias, Deal, Member

    company: Any = Company(customers)
    database = Database(f"sqlite:///{folder}/big.db")
    Base.metadata.create_all(database.engine)
    stamp = {"created_at": NOW, "updated_at": NOW}
    with database.write() as session:
        defaults.seed(session)
        members = [{"id": n + 1, "name": f"销售{n + 1}", **stamp} for n in range(customers // PER_REP + 1)]
        session.execute(sa.insert(Member), members)
        firms = [
            {"id": n.ref + 1, "name": n.text, "name_key": n.text, "owner_id": n.ref // PER_REP + 1, **stamp}
            for n in company.customers
        ]
        session.execute(sa.insert(Customer), firms)
        aliases = [{"customer_id": n.ref + 1, "name": alias} for n in company.customers for alias in n.aliases]
        session.execute(sa.insert(CustomerAlias), aliases)
        people = [
            {
                "id": n.ref + 1,
                "name": n.text,
                "customer_id": n.customer + 1,
                "owner_id": n.customer // PER_REP + 1,
                "title": n.title,
                **stamp,
            }
            for n in company.contacts
        ]
        session.execute(sa.insert(Contact), people)
        deals = [
            {
                "id": n.ref + 1,
                "name": n.text,
                "customer_id": n.customer + 1,
                "owner_id": n.customer // PER_REP + 1,
                "stage_id": 1,
                "stage_since": NOW,
                **stamp,
            }
            for n in company.deals
        ]
        session.execute(sa.insert(Deal), deals)
    database.close()
    said: Figures = {"all": company.sentences(SENTENCES), "rep": company.sentences(SENTENCES, range(PER_REP))}
    said["names"] = [name.text for name in company.names()]
    said["spoken"] = [[way, int(name.ref) + 1, spoken] for way, name, spoken in _ways(company.customers)]
    (Path(folder) / "said.json").write_text(json.dumps(said), encoding="utf-8")
    return {}


def _ways(customers: list[Any]) -> Iterator[tuple[str, Any, str]]:
    """The ways a customer is spoken of, for some customers each."""
    from bot.nlu import companies
    from bot.nlu.sounds import sound
    from bot.nlu.text import fold

    pick = random.Random(3)
    alike: dict[str, list[str]] = {}
    cores = {name.ref: companies.core(companies.base(fold(name.text))) for name in customers}
    for char in {char for core in cores.values() for char in core}:
        alike.setdefault(sound(char)[0], []).append(char)

    def homophone(core: str) -> str:
        return pick.choice([c for c in alike[sound(core[1])[0]] if c != core[1]] or [""]).join((core[0], core[2:]))

    ways: dict[str, Callable[[Any, str], str]] = {
        "全称": lambda name, core: name.text,
        "简称": lambda name, core: core,
        "别名": lambda name, core: name.aliases[0] if name.aliases else "",
        "拉丁字母的品牌": lambda name, core: companies.brand(core),
        "同音字": lambda name, core: homophone(core) if not core.isascii() else "",
        "少一个字": lambda name, core: core[:-2] + core[-1] if len(core) >= 5 else "",
        "两个字颠倒": lambda name, core: core[:-2] + core[-1] + core[-2] if len(core) >= 5 else "",
        "前两个字": lambda name, core: core[:2] if not core.isascii() else "",
    }
    for way, spoken in ways.items():
        made = ((way, name, spoken(name, cores[name.ref])) for name in pick.sample(customers, len(customers)))
        useful = [one for _, one in zip(range(40 * SPOKEN), made, strict=False) if len(one[2]) >= 2]
        yield from useful[:SPOKEN]


def _start(folder: str) -> Figures:
    """What `Names.lexicon` does when the bot starts, step by step."""
    started = time.thread_time()
    from bot import names
    from bot.nlu import words
    from bot.nlu.lexicon import Lexicon
    from scrm.db import Database

    with Database(f"sqlite:///{folder}/big.db").read() as session:
        known = list(names._everything(session))
    read = time.thread_time()
    words.load()
    Lexicon(known)
    done = time.thread_time()
    return {"names": round(done - read, 2), "total": round(done - started, 2)}


def _ours(folder: str) -> Figures:
    from bot.names import Names
    from bot.nlu.frame import Scope
    from bot.nlu.lazy import compile_all
    from bot.nlu.understand import understand
    from scrm.access import SYSTEM, Actor
    from scrm.db import Database

    database, names, everything = Database(f"sqlite:///{folder}/big.db"), Names(), Scope()
    with database.read() as session:
        lexicon = names.lexicon(session)
    compile_all()
    understand("今天拜访了客户", NOW, lexicon, everything)  # as the bot does before the first message
    found: Figures = {}
    said = json.loads((Path(folder) / "said.json").read_text(encoding="utf-8"))
    said.pop("names")
    found["all"] = _quantiles([_ms(lambda t=text: understand(t, NOW, lexicon, everything)) for text in said["all"]])  # type: ignore[misc]
    rep, zone = Actor(1, "销售1", "rep", frozenset({1})), ZoneInfo("Asia/Shanghai")
    seeing, hearing = [], []
    with database.read() as session:
        names.scope(session, rep, "你好", {}, zone)
        for text in said["rep"]:
            began = time.thread_time()
            scope = names.scope(session, rep, text, {}, zone)
            seeing.append((time.thread_time() - began) * 1000)
            hearing.append(_ms(lambda t=text, s=scope: understand(t, NOW, lexicon, s)))  # type: ignore[misc]
        _never_told(names, session, rep, said["all"], zone)
    found["scope"], found["rep"] = _quantiles(seeing), _quantiles(hearing)
    found["rss"] = _rss()
    found["hostile"] = _hostile(lambda text: understand(text, NOW, lexicon, everything))
    found["rename"] = asyncio.run(_renames(database, names))
    found["spoken"] = _spoken(said["spoken"], lambda text: understand(text, NOW, lexicon, everything))
    assert SYSTEM.sees_all
    return found


def _never_told(names: Any, session: Any, rep: Any, texts: list[str], zone: Any) -> None:
    """Stops the run if a rep hears of a customer that is not the own."""
    from bot.nlu.understand import understand

    for text in texts:
        frame = understand(text, NOW, names.lexicon(session), names.scope(session, rep, text, {}, zone))
        told = [frame.customer] if frame.customer else []
        for mention in (*told, *frame.candidates.get("customer", ())):
            if mention.ref is not None and int(mention.ref) > PER_REP:
                raise AssertionError(f"told of {mention.name}: {text}")


async def _renames(database: Any, names: Any) -> Figures:
    """Renames through another connection, each followed by a sentence in a thread, while the event loop counts its pauses."""
    import sqlalchemy as sa

    from scrm import audit
    from scrm.db import Database
    from scrm.models import Customer

    other, pauses, stop = Database(database.url.render_as_string()), [0.0], threading.Event()

    async def tick() -> None:
        last = time.perf_counter()
        while not stop.is_set():
            await asyncio.sleep(0.001)
            now = time.perf_counter()
            pauses.append(now - last)
            last = now

    def rename(number: int) -> float:
        with other.write() as session:
            audit.begin(session, audit.Turn(f"r{number}", None, "rename", "", NOW))
            customer = session.scalars(sa.select(Customer).where(Customer.id == number * 101)).one()
            customer.name = customer.name_key = f"改名后第{number}精密机械有限公司"
        committed = time.perf_counter()
        with database.read() as session:
            lexicon = names.lexicon(session)
        if ("customer", number * 101) not in lexicon.candidates(f"今天拜访了改名后第{number}精密"):
            raise AssertionError("a rename was not seen")
        return (time.perf_counter() - committed) * 1000

    ticking = asyncio.create_task(tick())
    took = [await asyncio.to_thread(rename, number) for number in range(1, RENAMES + 1)]
    stop.set()
    await ticking
    return {"visible": round(max(took), 1), "pause": round(max(pauses) * 1000, 1)}


def _spoken(said: list[list[Any]], hear: Callable[[str], Any]) -> dict[str, list[int]]:
    """By way of speaking: understood, asked with the right one among the candidates, not known, another taken."""
    counts: dict[str, list[int]] = {}
    for way, ref, spoken in said:
        frame = hear(f"今天拜访了{spoken}，聊了聊方案")
        offered = [option.ref for option in frame.candidates.get("customer", ())]
        heard = frame.customer.ref if frame.customer else None
        place = 0 if heard == ref else 1 if ref in offered else 2 if heard is None else 3
        counts.setdefault(way, [0, 0, 0, 0])[place] += 1
    return counts


def _jieba(folder: str, *, names: bool) -> Figures:
    started = time.thread_time()
    import warnings

    warnings.simplefilter("ignore")
    import jieba

    jieba.setLogLevel(60)
    jieba.initialize()
    said = json.loads((Path(folder) / "said.json").read_text(encoding="utf-8"))
    if names:
        for name in said["names"]:
            jieba.add_word(name, 10)
    found: Figures = {"start": round(time.thread_time() - started, 2)}
    said.pop("names")
    for which in ("all", "rep"):
        found[which] = _quantiles([_ms(lambda t=text: jieba.lcut(t)) for text in said[which]])  # type: ignore[misc]
    found["rss"] = _rss()
    found["hostile"] = _hostile(jieba.lcut)
    return found


def _ms(work: Callable[[], object]) -> float:
    """Processor time: what else the machine does is no part of it."""
    began = time.thread_time()
    work()
    return (time.thread_time() - began) * 1000


def _quantiles(values: list[float]) -> Figures:
    ordered = sorted(values)
    return {
        "p50": round(ordered[len(ordered) // 2], 2),
        "p99": round(ordered[len(ordered) * 99 // 100], 2),
        "max": round(ordered[-1], 2),
    }


def _hostile(work: Callable[[str], object]) -> Figures:
    took = {text: min(_ms(lambda t=text: work(t)) for _ in range(3)) for text in HOSTILE}  # type: ignore[misc]
    slowest = max(took, key=lambda text: took[text])
    return {"max": round(took[slowest], 1), "slowest": repr(slowest[:12])}


def _rss() -> int:
    """Resident memory of this process in MB."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))) // 1024


if __name__ == "__main__":
    from bot.loop import few_collections

    few_collections()  # ours and the peers, as the service does
    side, where, count = sys.argv[1:]
    work: dict[str, Callable[[], Figures]] = {
        "company": lambda: _company(where, int(count)),
        "ours": lambda: _ours(where),
        "start": lambda: _start(where),
        "jieba": lambda: _jieba(where, names=False),
        "jieba_names": lambda: _jieba(where, names=True),
    }
    print(json.dumps(work[side]()))
