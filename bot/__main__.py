"""The commands of `scrm-bot`."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import Progress
from sqlalchemy.exc import SQLAlchemyError

from bot.config import Config, ConfigError, load, load_doors, load_storage
from bot.loop import few_collections, keep_what_is_there, run_loop

few_collections()

if TYPE_CHECKING:
    from bot.importing import Report

app = typer.Typer(
    help="企业微信 / 钉钉里的 SCRM 机器人。", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)
importing = typer.Typer(help="从 Excel 或 CSV 导入。", no_args_is_help=True)
app.add_typer(importing, name="import")
errors = Console(stderr=True, highlight=False)

ConfigOption = Annotated[Path, typer.Option("-c", "--config", help="配置文件", show_default=False)]


def _complain(sentence: str) -> None:
    errors.print(sentence, style="red", markup=False, soft_wrap=True)


def main() -> None:
    """Entry point. One sentence and exit code 2 for a config error, 3 for a database that cannot serve, 4 for the address."""
    try:
        app()
    except ConfigError as error:
        _complain(str(error))
        sys.exit(2)
    except Exception as error:
        from bot.platforms.base import CannotListen
        from scrm.db import why_away

        if isinstance(error, CannotListen):
            _complain(ADDRESS[error.why])
            sys.exit(4)
        if not (why := why_away(error)):
            raise
        _complain(f"数据库现在用不了：{AWAY[why]}。好了以后再运行这条命令。")
        sys.exit(3)
    finally:
        keep_what_is_there()  # the interpreter collects once more at its end: a third of a second for nothing


ADDRESS = {
    "taken": "端口用不了：被别的程序占着。停掉那个程序，或者换一个端口（server.port，演示用 --port）。",
    "forbidden": "端口用不了：没有权限。换一个 1024 以上的端口（server.port，演示用 --port）。",
    "elsewhere": "server.host 不是这台机器的地址：只给本机用写 127.0.0.1，给别的机器用写 0.0.0.0。",
}
AWAY = {
    "gone": "连不上，请检查 database.url 和数据库是否在运行",
    "busy": "被别的程序占着",
    "read_only": "只能读，不能写",
    "full": "磁盘满了",
    "io": "磁盘读写出错",
}


@app.command()
def demo(
    port: Annotated[int, typer.Option(help="页面端口", min=0, max=65535)] = 8080,
    data: Annotated[Path | None, typer.Option(help="数据目录；不填则用临时目录")] = None,
) -> None:
    """不需要账号和网络：模拟两个平台，打开浏览器就能试用。"""
    from emulator.demo import serve

    if data is not None:
        data.mkdir(parents=True, exist_ok=True)
        asyncio.run(serve(port, data))
        return
    with tempfile.TemporaryDirectory(prefix="scrm-demo-") as folder:
        asyncio.run(serve(port, Path(folder)))


@app.command()
def run(
    config: Annotated[list[Path], typer.Option("-c", "--config", help="配置文件，可以多个", show_default=False)],
) -> None:
    """启动服务，一家或多家企业。"""
    settings = [load_doors(path) for path in config]
    from bot.app import serve

    sys.exit(run_loop(serve(settings)))


@app.command()
def migrate(
    config: ConfigOption,
    force: Annotated[bool, typer.Option("--force", help="不管还有没有副本在运行")] = False,
) -> None:
    """把数据库升级到最新结构；PostgreSQL 上还有副本在运行时拒绝。"""
    from bot.schema import migrate as bring_up_to_date
    from scrm.db import Database

    database = Database(load(config).database_url)
    try:
        typer.echo("数据库已升级到最新结构。" if bring_up_to_date(database, force=force) else "数据库已经是最新结构。")
    finally:
        database.close()


@app.command()
def check(config: ConfigOption) -> None:
    """检查配置、凭证、回调、权限和时钟，逐条说明怎么改。"""
    settings = load(config)
    from bot.check import report

    sys.exit(asyncio.run(report(settings, sys.stdout)))


@app.command()
def tick(config: ConfigOption, at: Annotated[str, typer.Option(help="业务时间，ISO-8601")] = "") -> None:
    """执行一次全部定时任务，把该发的发出去，然后退出。"""
    settings = load(config)
    from bot.tick import run_tick

    for line in asyncio.run(run_tick(settings, _moment(at, settings))):
        typer.echo(json.dumps(line, ensure_ascii=False))


@app.command()
def understand(
    only: Annotated[str, typer.Option(help="time、number 或 money")] = "",
    explain: Annotated[bool, typer.Option("--explain", help="说明每个结果的来历")] = False,
) -> None:
    """只做语言理解：标准输入每行一个 JSON，标准输出每行一个结果。"""
    from bot.nlu import cli

    if only not in ("", "time", "number", "money"):
        raise typer.BadParameter("只能是 time、number 或 money", param_hint="--only")
    cli.run(sys.stdin, sys.stdout, only or None, explain)


@importing.command("customers")
def import_customers(file: Path, config: ConfigOption) -> None:
    """导入客户；有问题的行另存为文件，写明原因。"""
    from bot.importing import import_customers as bring_in

    _import("导入客户", load(config), lambda database, now, progress: bring_in(database, file, now, progress))


@importing.command("leads")
def import_leads(file: Path, config: ConfigOption) -> None:
    """导入线索，按线索规则分配；有问题的行另存为文件，写明原因。"""
    from bot.importing_leads import import_leads as bring_in

    settings = load(config)
    _import(
        "导入线索", settings, lambda database, now, progress: bring_in(database, file, settings.zone, now, progress)
    )


def _import(title: str, settings: Config, bring_in: Callable[..., Report]) -> None:
    from bot.importing import ImportRefused

    database = _current_database(settings)
    try:
        with Progress(console=errors) as progress:
            bar = progress.add_task(title, total=None)
            report = bring_in(
                database,
                lambda: datetime.now(UTC),
                lambda done, total: progress.update(bar, completed=done, total=total),
            )
    except ImportRefused as error:
        _complain(str(error))
        sys.exit(1)
    finally:
        database.close()
    typer.echo(
        f"导入 {report.good} 行，未导入 {report.bad} 行。"
        + (f"未导入的行和原因见 {report.bad_file}" if report.bad_file else "")
    )


@app.command()
def rules(
    config: ConfigOption,
    file: Annotated[Path | None, typer.Argument(help="规则文件；不写就打印现在的规则，存下来就是这样的文件")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只看会改什么、今天会怎样，什么也不改")] = False,
) -> None:
    """回收、线索和公海规则：打印，或用文件里的换掉；要么全部生效，要么一条不动。"""
    from bot import rules_file
    from bot.cards import rules as cards
    from bot.handlers.clocks import hours_of
    from bot.settings import settings_of

    settings = load(config)
    hours, database = hours_of(settings_of(settings)), _current_database(settings)
    try:
        if file is None and not dry_run:
            with database.read() as session:
                typer.echo(rules_file.dump(session), nl=False)
            return
        wanted = rules_file.read(file) if file is not None else rules_file.Rules()
        change = rules_file.put_in_force(database, wanted, str(file or ""), hours, datetime.now(UTC), dry=dry_run)
    except rules_file.RulesRefused as error:
        _complain(str(error))
        sys.exit(1)
    finally:
        database.close()
    for line in cards.said(change.dropped, change.added, change.foreseen if dry_run else ()):
        typer.echo(line)
    typer.echo(cards.DRY if dry_run else cards.APPLIED if change.dropped or change.added else cards.NOTHING_CHANGED)


@app.command()
def export(noun: str, file: Path, config: ConfigOption) -> None:
    """导出 customers、contacts、deals、activities、followups、leads 或 audit，按文件名结尾决定格式。"""
    from bot import exporting

    if noun not in exporting.nouns():
        raise typer.BadParameter(f"只能是 {'、'.join(exporting.nouns())}", param_hint="NOUN")
    settings = load(config)
    database = _current_database(settings)
    try:
        with database.read() as session:
            count = exporting.export(session, noun, file, settings.zone)
    except exporting.ExportRefused as error:
        _complain(str(error))
        sys.exit(1)
    finally:
        database.close()
    typer.echo(f"已导出 {count} 行到 {file}")


@app.command()
def backup(
    target: Annotated[Path, typer.Argument(help="备份写到哪个文件；是目录时，文件名由企业和时间组成")],
    config: ConfigOption,
) -> None:
    """备份数据库，机器人不用停；写完逐页读一遍，旁边放一份 SHA-256。"""
    from bot import backups
    from scrm.db import Database

    settings = load_storage(config)
    database = Database(settings.database_url)
    if target.is_dir():
        moment = datetime.now(settings.zone).strftime("%Y%m%dT%H%M%S")
        target = target / f"{settings.company.key}-{moment}{backups.suffix(database)}"
    try:
        size = backups.back_up(database, target)
    except (backups.BackupFailed, SQLAlchemyError) as error:
        _complain(str(error))
        sys.exit(1)
    finally:
        database.close()
    typer.echo(f"已备份到 {target}（{size / 1024:,.0f} KB），校验通过。")


@app.command()
def restore(
    source: Annotated[Path, typer.Argument(help="backup 写的文件")],
    config: ConfigOption,
    replace: Annotated[bool, typer.Option("--replace", help="数据库里已经有内容，也用备份换掉")] = False,
) -> None:
    """用备份恢复数据库；先停掉机器人。校验不通过、还有机器人在运行时拒绝，原来的内容不变。"""
    from bot import backups
    from scrm.db import Database

    database = Database(load_storage(config).database_url)
    try:
        backups.restore(database, source, replace=replace)
    except (backups.BackupFailed, SQLAlchemyError) as error:
        _complain(str(error))
        sys.exit(1)
    finally:
        database.close()
    typer.echo(f"已从 {source} 恢复。")


@app.command()
def replay(
    config: ConfigOption, failed: Annotated[bool, typer.Option("--failed", help="重做处理失败的消息")] = False
) -> None:
    """重新处理失败的消息：标记为待处理，运行中的服务会接着处理；没有运行时就在这里处理。"""
    from bot.replay import replay_failed

    settings = load(config)
    _current_database(settings).close()
    result = asyncio.run(replay_failed(settings))
    typer.echo(
        json.dumps({"replayed": result.replayed, "done": result.done, "failed": result.failed}, ensure_ascii=False)
    )
    if not failed:
        errors.print("提示：replay 只重做失败的消息，等同于 --failed。", style="dim")


def _moment(text: str, config: Config) -> datetime:
    if not text:
        return datetime.now(UTC)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter("应是 ISO-8601，例如 2026-03-02T08:45+08:00", param_hint="--at") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=config.zone)).astimezone(UTC)


def _current_database(config: Config):  # type: ignore[no-untyped-def]  # noqa: ANN202 - the import is lazy on purpose
    from bot.schema import ensure_current
    from scrm.db import Database

    database = Database(config.database_url)
    ensure_current(database)
    return database


if __name__ == "__main__":
    main()
