"""Times, numbers and money of published test sets, read by this project, Microsoft Recognizers-Text and JioNLP side by side.

`python -m benchmarks understanding-public --sets FOLDER`: a folder of JSON lines. Each library runs in an environment and
a process of its own, on one thread, over the same rows, and is scored by the same code.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from benchmarks import public_scoring as scoring
from benchmarks.peers import environment
from benchmarks.public_scoring import Row

READERS = Path(__file__).parent / "public_readers"
OURS = "本项目"
PEERS = {
    "Recognizers-Text": ("recognizers.py", ("recognizers-text-suite==1.0.2a2", "emoji==1.7.0")),
    "JioNLP": ("jio.py", ("jionlp==1.5.29",)),
}
WHO = (OURS, *PEERS)
TASKS = {"time": "时间", "number": "数字", "money": "金额"}
_TASK_OF = {"number": "number", "money": "money", "money_span": "money", "number_with_unit": "money"}
MEASURES = {"span": "位置", "value": "值", "case": "整条"}
Score = tuple[Counter[str], float]  # points, rows a second


def run(folder: Path) -> dict[str, dict[str, Score]]:
    """Per set, per library: what it got right and how many rows a second it reads. Raises FileNotFoundError without sets."""
    sets = {name: rows for path in sorted(folder.glob("*.jsonl")) for name, rows in _sets(path)}
    if not sets:
        raise FileNotFoundError(folder)
    pythons = {name: environment(name, packages) for name, (_, packages) in PEERS.items()}
    found: dict[str, dict[str, Score]] = {}
    for name, rows in sets.items():
        task = task_of(rows[0])
        commands = {OURS: [sys.executable, "-m", "benchmarks.public_readers.ours", task]}
        commands |= {peer: [str(pythons[peer]), str(READERS / script), task] for peer, (script, _) in PEERS.items()}
        found[f"{task} {name}"] = {
            who: result for who, command in commands.items() if (result := _scored(command, rows))
        }
    return found


def task_of(row: Row) -> str:
    """time, number, money, or "" for what is none of these."""
    return "time" if scoring.is_time(row) else _TASK_OF.get(row["task"], "")


def _sets(path: Path) -> Iterable[tuple[str, list[Row]]]:
    """The rows of a file; of units of measure only the currencies, and each model of numbers as a set of its own."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    rows = [row for row in rows if task_of(row)]
    split = bool(rows) and rows[0]["task"] in ("number", "number_with_unit")
    names = dict.fromkeys(row.get("model", "") if split else "" for row in rows)
    for name in names:
        of_model = [row for row in rows if (row.get("model", "") if split else "") == name]
        if of_model[0]["task"] != "number_with_unit" or name == "CurrencyModel":
            yield f"{path.stem} {name}".strip(), of_model


def _scored(command: list[str], rows: list[Row]) -> Score | None:
    """None where the library has nothing for the task."""
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    done = subprocess.run(
        command, input=lines, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    if not answers:
        return None
    seconds = float(answers.pop()["seconds"])
    found = {answer["id"]: answer["found"] for answer in answers}
    points = sum((scoring.score(row, found[row["id"]]) for row in rows), Counter[str]())
    return points, len(rows) / seconds


def table(found: dict[str, dict[str, Score]]) -> str:
    """The figures as the README shows them: right of all in percent and rows a second, the libraries side by side."""
    lines = [
        f"| 测试集 | 条数 | {' | '.join(MEASURES.values())} | 条/秒 |",
        "|---|---|---|---|---|---|",
    ]
    for name, by_reader in (*found.items(), *_totals(found).items()):
        rows = max(points["case of"] for points, _ in by_reader.values())
        task, _, rest = name.partition(" ")
        cells = [" / ".join(_percent(by_reader.get(who), measure) for who in WHO) for measure in MEASURES]
        cells.append(" / ".join(f"{by_reader[who][1]:,.0f}" if who in by_reader else "-" for who in WHO))
        title = f"{TASKS.get(task, task)} {rest}".strip()
        lines.append(f"| {title} | {rows} | {' | '.join(cells)} |")
    return "\n".join([f"每格依次是：{'、'.join(WHO)}。准确率是百分数。", "", *lines])


def _percent(score: Score | None, measure: str) -> str:
    if score is None or not score[0][f"{measure} of"]:
        return "-"
    return f"{100 * score[0][measure] / score[0][f'{measure} of']:.1f}"


def _totals(found: dict[str, dict[str, Score]]) -> dict[str, dict[str, Score]]:
    """All sets of a task as one, for the libraries that read all of them; the speed is that of the task as a whole."""
    totals: dict[str, dict[str, Score]] = {}
    for task, title in TASKS.items():
        sets = [by_reader for name, by_reader in found.items() if name.split()[0] == task]
        for who in WHO:
            scores = [by_reader[who] for by_reader in sets if who in by_reader]
            if sets and len(scores) == len(sets):
                points = sum((score[0] for score in scores), Counter[str]())
                counts = [score[0]["case of"] or 1 for score in scores]
                seconds = sum(count / score[1] for count, score in zip(counts, scores, strict=True))
                totals.setdefault(f"**{title}合计**", {})[who] = (points, sum(counts) / seconds)
    return totals
