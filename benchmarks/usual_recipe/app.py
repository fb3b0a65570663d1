"""The usual recipe: Flask, wechatpy and one row per request in SQLite, as durable as ours. Runs in an environment of its own."""

import os
import sqlite3

from flask import Flask, request
from wechatpy.enterprise import parse_message
from wechatpy.enterprise.crypto import WeChatCrypto

app = Flask(__name__)
crypto = WeChatCrypto(os.environ["BENCH_TOKEN"], os.environ["BENCH_AES_KEY"], os.environ["BENCH_CORP_ID"])
database = sqlite3.connect(os.environ["BENCH_DATABASE"], isolation_level=None)
database.execute("PRAGMA journal_mode=WAL")
database.execute("PRAGMA synchronous=FULL")
database.execute("CREATE TABLE IF NOT EXISTS message (id TEXT PRIMARY KEY, source TEXT, content TEXT)")


@app.post("/acme/wecom")
def receive() -> str:
    """Verified, opened, parsed, one row committed, acknowledged."""
    arguments = (request.args[name] for name in ("msg_signature", "timestamp", "nonce"))
    message = parse_message(crypto.decrypt_message(request.data, *arguments))
    database.execute(
        "INSERT OR IGNORE INTO message VALUES (?, ?, ?)", (str(message.id), message.source, message.content)
    )
    return "success"
