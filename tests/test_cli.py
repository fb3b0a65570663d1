"""The commands of `scrm-bot`, as an administrator runs them: in processes of their own."""

from __future__ import annotations

import csv
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pytest
import sqlalchemy as sa

from bot.exporting import export
from bot.schema import migrate
from bot.tables import DONE, FAILED, Inbox, Outbox
from scrm import audit, members
from scrm.db import Database
from scrm.models import Activity, Contact, Customer, Deal, FollowUp, Stage

ROOT = Path(__file__).resolve().parents[1]
SECRETS = {"WECOM_SECRET": "hidden-app-secret", "WECOM_TOKEN": "hiddentoken"}
AES_KEY = "hidden0123456789abcdefghijklmnopqrstuvwxyzA"
NOW = datetime(2026, 3, 4, 2, 0, tzinfo=UTC)
NOUNS = ("customers", "contacts", "deals", "activities", "followups", "audit")


class Company:
    """A config file in a folder of its own, and the commands run with it."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.url, self.config = folder, url, folder / "config.toml"
        self.port = _free_port()
        self.output = ""
        self.secrets = SECRETS
        self.write()

    def write(self, extra: str = "") -> None:
        """The self-built app of a platform that does not answer."""
        self._write(f"""
corp_id = "ww0123456789abcdef"
agent_id = 1000002
secret = "${{WECOM_SECRET}}"
token = "${{WECOM_TOKEN}}"
aes_key = "{AES_KEY}"
api_base = "http://127.0.0.1:{_free_port()}"
{extra}""")

    def write_bot_only(self) -> None:
        """An AI bot alone, whose gateway does not answer: only the holder of its socket could send."""
        bot = f'[wecom.bot]\nbot_id = "aib1"\nsecret = "${{WECOM_SECRET}}"\nurl = "ws://127.0.0.1:{_free_port()}/ws"\n'
        self._write(bot)

    def _write(self, wecom: str) -> None:
        self.config.write_text(
            f"""
[company]
key = "acme"
name = "示例科技"
admins = ["wecom:zhoutao"]
[server]
port = {self.port}
[database]
url = "{self.url}"
[wecom]
{wecom}""",
            encoding="utf-8",
        )

    def environment(self) -> dict[str, str]:
        return {**os.environ, **self.secrets, "PYTHONWARNINGS": "error", "NO_COLOR": "1", "COLUMNS": "200"}

    def run(
        self, *arguments: str | Path, code: int = 0, config: bool = True, stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run a command and check its exit code."""
        command = [sys.executable, "-m", "bot", *map(str, arguments), *(["-c", str(self.config)] if config else [])]
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=60,
            env=self.environment(),
            cwd=ROOT,
            check=False,
            input=stdin,
        )
        self.output += done.stdout + done.stderr
        assert done.returncode == code, f"{command}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        return done

    def database(self) -> Database:
        return Database(self.url)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def company(tmp_path: Path) -> Company:
    return Company(tmp_path, f"sqlite:///{tmp_path / 'acme.db'}")


def said_nothing_secret(company: Company) -> None:
    for secret in (*SECRETS.values(), AES_KEY):
        assert secret not in company.output


# --- the database


def test_migrate_works_on_an_empty_database_and_says_when_there_is_nothing_to_do(
    tmp_path: Path, database_url: str
) -> None:
    company = Company(tmp_path, database_url)
    assert "已升级" in company.run("migrate").stdout
    assert "已经是最新" in company.run("migrate").stdout


@pytest.mark.postgres
def test_run_refuses_an_old_postgresql_schema_naming_the_command(tmp_path: Path, postgres_url: str) -> None:
    database = Database(postgres_url)
    with database.engine.begin() as connection:
        connection.execute(sa.text("DROP SCHEMA public CASCADE"))
        connection.execute(sa.text("CREATE SCHEMA public"))
    database.close()
    company = Company(tmp_path, postgres_url)
    refused = company.run("run", code=2)
    assert "scrm-bot migrate" in refused.stderr
    assert "scrm-bot migrate" in company.run("tick", code=2).stderr


# --- the service


def test_run_answers_ticks_beside_it_and_stops_in_order(company: Company) -> None:
    company.write_bot_only()
    with subprocess.Popen(
        [sys.executable, "-m", "bot", "run", "-c", str(company.config)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=company.environment(), cwd=ROOT,
    ) as process:  # fmt: skip
        try:
            ready = json.loads(_get(company, "/readyz", wait=40))["companies"]["acme"]
            assert ready == {"database": "ok", "degraded": ["wecom_bot"]}
            assert json.loads(_get(company, "/healthz")) == {"status": "ok"}
            page = _get(company, "/metrics")
            assert "scrm_queue_length" in page
            assert 'scrm_api_budget_limit{budget="dingtalk_api"} 5000.0' in page
            with pytest.raises(urllib.error.HTTPError) as unknown:
                _get(company, "/nobody/wecom")
            assert unknown.value.code == 404
            unknown.value.close()
            lines = [
                json.loads(line)
                for line in company.run("tick", "--at", "2026-03-05T08:45:00+08:00").stdout.splitlines()
            ]
            assert {"alerts", "digests", "escalations", "sync_members", "clean_up", "send"} <= {
                line["job"] for line in lines
            }
            assert all(isinstance(line["did"], int) for line in lines)
        finally:
            process.send_signal(signal.SIGTERM)
            started = time.monotonic()
            _, log = process.communicate(timeout=20)
        assert process.returncode == 0
        assert time.monotonic() - started < 10
    events = [json.loads(line)["event"] for line in log.splitlines()]
    assert {"started", "listening", "stopped"} <= set(events)
    company.output += log
    said_nothing_secret(company)


def _get(company: Company, path: str, wait: float = 0.0) -> str:
    deadline = time.monotonic() + wait
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{company.port}{path}", timeout=5) as answer:
                text: str = answer.read().decode()
                return text
        except urllib.error.HTTPError:
            raise
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


# --- config


@pytest.mark.parametrize(
    ("extra", "path"),
    [
        ("colour = 1\n", "wecom.colour"),
        ('[alerts]\ndigest_at = "25:00"\n', "alerts.digest_at"),
        ("[dingtalk]\nclient_id = 7\n", "dingtalk.client_id"),
        ('[wecom.bot]\nbot_id = "a"\nsecret = "${NOT_SET_ANYWHERE}"\n', "wecom.bot.secret"),
        ("not toml at all", "config.toml"),
    ],
)
def test_a_config_error_names_the_key_and_exits_2(company: Company, extra: str, path: str) -> None:
    company.write(extra)
    done = company.run("migrate", code=2)
    assert path in done.stderr
    said_nothing_secret(company)


def test_a_database_that_is_not_there_is_a_sentence_and_exits_3(company: Company) -> None:
    company.url = f"postgresql://postgres@127.0.0.1:{_free_port()}/acme"
    company.write()
    done = company.run("run", code=3)
    assert "数据库现在用不了：连不上" in done.stderr
    said_nothing_secret(company)


# --- import


def test_an_excel_file_is_imported_row_by_row(company: Company, tmp_path: Path) -> None:
    _staff(company)
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["客户名称", "负责人", "联系人", "手机", "统一社会信用代码", "备注"])
    sheet.append(["宏图精密", "李娜", "张伟", 13800138000, "", "老客户"])
    sheet.append(["远洋物流", "lina", "", "", "91110108551385082Q", ""])
    sheet.append(["", "李娜", "", "", "", "没有名字"])
    sheet.append(["宏图 精密", "李娜", "", "", "", "同一家"])
    sheet.append(["金石建材", "王五", "", "", "", "没有这个人"])
    sheet.append(["青山药业", "李娜", "", "", "91110108551385082X", "代码不对"])
    sheet.append(["遠洋物流有限公司", "李娜", "", "", "", "同一家，繁体"])
    sheet.append(["远洋船务", "李娜", "", "", "91110108551385082Q", "代码重复"])
    book.save(tmp_path / "客户.xlsx")
    done = company.run("import", "customers", tmp_path / "客户.xlsx")
    assert "导入 2 行，未导入 6 行" in done.stdout
    assert "100%" in done.stderr
    bad = openpyxl.load_workbook(tmp_path / "客户-未导入.xlsx").active
    assert bad is not None
    rows = [[cell or "" for cell in row] for row in bad.iter_rows(values_only=True)]
    assert rows[0][-1] == "未导入原因"
    assert [row[-1] for row in rows[1:]] == [
        "缺少客户名称", "客户已存在：客户「宏图精密」（负责人 李娜）", "负责人「王五」不在成员列表里",
        "「91110108551385082X」统一社会信用代码校验不通过，可能抄错了一位，请核对。",
        "与客户「远洋物流」（负责人 李娜）名称相近，可能重复；确实是另一家，就加一列「仍要新建」填「是」再导入",
        "信用代码已登记在客户「远洋物流」（负责人 李娜）名下",
    ]  # fmt: skip
    with company.database().read() as session:
        assert set(session.scalars(sa.select(Customer.name))) == {"宏图精密", "远洋物流"}
        contact = session.scalars(sa.select(Contact)).one()
        assert (contact.name, contact.phone) == ("张伟", "13800138000")


def test_leads_from_a_file_are_given_out_once_and_come_out_again(company: Company, tmp_path: Path) -> None:
    _staff(company)
    rows = [
        "姓名,公司,手机,需求,负责人,预算",
        "张总,宏图精密,13800000001,MES,lina,12万",
        "李工,远洋,138 0000 0001,MES,,",
        ",,,,,",
        "王工,,13800000002,排产,,",
        ",,,空的,,",
        "赵工,,13800000003,,,很多",
    ]
    (tmp_path / "展会.csv").write_text("\n".join(rows), encoding="utf-8")
    assert "导入 2 行，未导入 3 行" in company.run("import", "leads", tmp_path / "展会.csv").stdout
    bad = openpyxl.load_workbook(tmp_path / "展会-未导入.xlsx").active
    assert bad is not None
    assert [row[-1].value for row in bad.iter_rows()][1:] == [
        "这个号码的线索已经有了",
        "请说出线索的称呼或电话，例如：新线索 宏图精密 张总 13800000000 想了解MES",
        "预算「很多」不是金额",
    ]
    company.run("export", "leads", tmp_path / "leads.jsonl")
    leads = [json.loads(line) for line in (tmp_path / "leads.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [(row["name"], row["owner"], row["source"], row["status"], row["amount"]) for row in leads] == [
        ("张总", "lina", "展会", "open", 120_000), ("王工", "", "展会", "open", None),
    ]  # fmt: skip


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8-sig"])
def test_a_csv_file_as_excel_saves_it_in_china(company: Company, tmp_path: Path, encoding: str) -> None:
    text = '公司,电话,地区\r\n"宏图,精密",010-12345678,"上海\n浦东"\r\n\r\n远洋物流\x00,,\r\n'
    (tmp_path / "a.csv").write_bytes(text.encode(encoding))
    assert "导入 2 行，未导入 0 行" in company.run("import", "customers", tmp_path / "a.csv").stdout
    with company.database().read() as session:
        found = dict(session.execute(sa.select(Customer.name, Customer.region)).all())  # type: ignore[arg-type]
    assert found == {"宏图,精密": "上海 浦东", "远洋物流": ""}


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("a.xlsx", b"not a workbook", "读不了文件"),
        ("a.csv", b"", "文件是空的"),
        ("a.csv", "名字,手机\n张三,138\n".encode(), "没有「客户名称」"),
        ("a.csv", b"\xff\xfe\x00\x81", "内容不完整，或者不是真正的 .csv 文件。用 Excel 打开，另存为 .xlsx 再导入"),
        ("b.xlsx", b"PK\x03\x04 cut off", "内容不完整，或者不是真正的 .xlsx 文件。用 Excel 打开，另存为 .xlsx 再导入"),
        ("a.pdf", b"%PDF", "只认 .xlsx、.xls 和 .csv"),
        ("gone/a.xlsx", None, "没有这个文件"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_in_one_sentence(
    company: Company, tmp_path: Path, name: str, content: bytes | None, why: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    said = company.run("import", "customers", tmp_path / name, code=1).stderr.replace("\n", "")
    assert why in said
    assert "nvalid" not in said  # nothing of a library's English


def test_an_export_that_cannot_be_written_says_where_it_fails(company: Company, tmp_path: Path) -> None:
    for target, why in (("gone/a.xlsx", "没有文件夹"), ("a.doc", "文件名要以 .xlsx、.csv 或 .jsonl 结尾")):
        said = company.run("export", "deals", tmp_path / target, code=1).stderr
        assert why in said
        assert "Errno" not in said
    assert not list(tmp_path.glob("*.part"))


def test_a_company_without_a_platform_is_not_served_but_exported(company: Company, tmp_path: Path) -> None:
    text = company.config.read_text(encoding="utf-8")
    company.config.write_text(text[: text.index("[wecom]")], encoding="utf-8")
    said = company.run("run", code=2).stderr.replace("\n", "")
    assert all(section in said for section in ("[wecom.bot]", "[wecom]", "[dingtalk]"))
    company.run("export", "deals", tmp_path / "a.csv")


# --- rules


def test_rules_are_printed_tried_and_put_in_force(company: Company, tmp_path: Path) -> None:
    file = tmp_path / "规则.toml"
    assert "[pool]" in company.run("rules").stdout
    file.write_text("[[idle]]\nscope = '大客户'\nremind = 30\nrecycle = 45\n", encoding="utf-8")
    tried = company.run("rules", file, "--dry-run").stdout
    assert tried.splitlines()[0] == "+ 回收规则：大客户30天没跟进提醒，36天通知主管，45天回收"
    assert tried.splitlines()[-1] == "只是试跑，规则没有改动，也没有提醒任何人。"
    assert "[[idle]]\n" not in company.run("rules").stdout
    assert company.run("rules", file).stdout.splitlines()[-1] == "规则已生效。"
    file.write_text(company.run("rules").stdout, encoding="utf-8")
    assert "remind = 30" in file.read_text(encoding="utf-8")
    assert company.run("rules", file).stdout == "规则和现在的一样，没有改动。\n"
    assert "按这些规则今天涉及 0 个" in company.run("rules", "--dry-run").stdout
    assert "没有这个文件" in company.run("rules", tmp_path / "gone.toml", code=1).stderr


# --- export


COLUMNS = {
    "customers": {"id", "name", "owner", "owner_name", "tags", "created_at"},
    "contacts": {"id", "name", "owner", "owner_name", "external_userid", "channel", "tags"},
    "deals": {"id", "name", "customer", "owner", "owner_name", "stage", "status", "amount"},
    "activities": {"id", "kind", "customer", "owner", "owner_name", "happened_at", "summary", "amount"},
    "followups": {"id", "customer", "owner", "owner_name", "due_at", "status"},
    "audit": {"id", "at", "who", "who_name", "what", "source", "undone_at"},
}


def test_everything_is_exported_in_three_formats(company: Company, tmp_path: Path) -> None:
    _records(company)
    for noun in NOUNS:
        tables = []
        for ending, read in ((".jsonl", _jsonl), (".csv", _csv), (".xlsx", _xlsx)):
            target = tmp_path / f"{noun}{ending}"
            assert "已导出" in company.run("export", noun, target).stdout if ending == ".jsonl" else True
            if ending != ".jsonl":
                _export(company, noun, target)
            tables.append(read(target))
        assert all(COLUMNS[noun] <= table[0].keys() for table in tables), noun
        assert len({len(table) for table in tables}) == 1
    assert not list(tmp_path.glob("*.part"))
    (deal,) = _jsonl(tmp_path / "deals.jsonl")
    assert (deal["amount"], deal["status"], deal["stage"], deal["owner"], deal["owner_name"]) == (
        500000,
        "open",
        "初次洽谈",
        "lina",
        "李娜",
    )
    visits = _jsonl(tmp_path / "activities.jsonl")
    assert [visit["summary"] for visit in visits] == ["=1+1 先聊了报价", "后聊了交期"]
    assert visits[0]["happened_at"] == "2026-03-04T10:00:00+08:00"
    assert _csv(tmp_path / "activities.csv")[0]["summary"].startswith("'=")
    (contact,) = _jsonl(tmp_path / "contacts.jsonl")
    assert contact["external_userid"] == "wm01"
    assert _csv(tmp_path / "customers.csv")[0]["tags"] == ""
    assert {row["source"] for row in _jsonl(tmp_path / "audit.jsonl")} == {"导入 a.csv"}
    assert company.run("export", "deals", tmp_path / "deals.pdf", code=1).stderr.startswith("文件名要以")
    assert "NOUN" in company.run("export", "secrets", tmp_path / "a.csv", code=2).stderr


def _export(company: Company, noun: str, target: Path) -> None:
    """In this process: a subprocess per format and noun would say nothing more."""
    database = company.database()
    with database.read() as session:
        export(session, noun, target, ZoneInfo("Asia/Shanghai"))
    database.close()


def _jsonl(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def _csv(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def _xlsx(path: Path) -> list[dict[str, Any]]:
    book = openpyxl.load_workbook(path, read_only=True)
    sheet = book.active
    assert sheet is not None
    header, *rows = sheet.iter_rows(values_only=True)
    book.close()
    return [dict(zip(map(str, header), row, strict=True)) for row in rows]


def _staff(company: Company) -> Database:
    database = company.database()
    migrate(database)
    database.run(lambda session: members.ensure(session, "wecom", "lina", "李娜", now=NOW))
    return database


def _records(company: Company) -> None:
    database = _staff(company)
    with database.write() as session:
        audit.begin(session, audit.Turn("import:1", None, "import", "导入 a.csv", NOW))
        customer = Customer(name="宏图精密", name_key="宏图精密", owner_id=1)
        session.add(customer)
        session.flush()
        stage = session.scalars(sa.select(Stage).where(Stage.pipeline == "default").order_by(Stage.position)).first()
        assert stage is not None
        session.add_all(
            [
                Contact(name="张伟", customer_id=customer.id, owner_id=1, external_user_id="wm01"),
                Deal(name="核心系统", customer_id=customer.id, owner_id=1, stage_id=stage.id, stage_since=NOW, status="open", amount=Decimal(500_000)),
                FollowUp(customer_id=customer.id, owner_id=1, due_at=NOW, remind_at=NOW, status="open", action="送样品"),
            ]
        )  # fmt: skip
        for summary in ("=1+1 先聊了报价", "后聊了交期"):
            session.add(Activity(kind="visit", customer_id=customer.id, member_id=1, happened_at=NOW, summary=summary))
            session.flush()
    database.close()


# --- backup and restore


def test_a_backup_needs_no_secret_and_comes_back(company: Company, tmp_path: Path) -> None:
    _records(company)
    company.secrets = {}
    folder = tmp_path / "backups"
    folder.mkdir()
    assert "校验通过" in company.run("backup", folder).stdout
    (made,) = folder.glob("acme-*.db")
    assert "--replace" in company.run("restore", made, code=1).stderr
    (tmp_path / "acme.db").unlink()
    assert "已从" in company.run("restore", made).stdout
    with company.database().read() as session:
        assert session.scalars(sa.select(Deal.name)).all() == ["核心系统"]
    assert "不是 scrm-bot backup 写的" in company.run("restore", company.config, "--replace", code=1).stderr


# --- replay and understand


def test_replay_handles_again_what_failed(company: Company) -> None:
    company.write_bot_only()
    database = _staff(company)
    event = {
        "type": "message", "key": "m1", "sent_at": NOW.isoformat(), "text": "新建客户 宏图精密",
        "origin": {"platform": "wecom", "door": "wecom_bot", "user_id": "lina"},
    }  # fmt: skip
    with database.write() as session:
        for number, state in ((1, FAILED), (2, DONE)):
            payload = json.dumps({**event, "key": f"m{number}"})
            session.add(
                Inbox(
                    key=f"m{number}",
                    speaker="wecom:lina",
                    lane=1,
                    kind="message",
                    payload=payload,
                    received_ms=0,
                    state=state,
                )
            )
    assert json.loads(company.run("replay", "--failed").stdout) == {"replayed": 1, "done": 1, "failed": 0}
    with database.read() as session:
        assert session.scalars(sa.select(Customer.name)).all() == ["宏图精密"]
        assert session.scalars(sa.select(Outbox.key)).all() == ["reply:1"]
    database.close()
    said_nothing_secret(company)


def test_understand_answers_line_by_line(company: Company) -> None:
    lines = [
        {
            "id": "a",
            "text": "明天下午3点跟进宏图精密",
            "sent_at": "2026-03-04T10:00:00+08:00",
            "context": {"customers": ["宏图精密"]},
        },
        {"id": "b", "text": "帮助", "sent_at": "2026-03-04T10:00:00+08:00"},
    ]
    stdin = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    done = company.run("understand", config=False, stdin=stdin)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == 2
    assert all(isinstance(answer, dict) for answer in answers)
