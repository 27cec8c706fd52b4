"""The least that a service can do with what it is sent: one row, committed, then the answer; nothing is judged.

``python -m bench.bare_desk URL`` answers at a free port of this machine, says where on its standard error as the desk
does, and keeps what comes in the table ``inbox`` of that PostgreSQL database.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import uvicorn
import uvloop
from fastapi import FastAPI, Request
from psycopg_pool import AsyncConnectionPool
from starlette.responses import JSONResponse

CONNECTIONS: Final = 15
"""As many as the ledger opens."""
MADE: Final = b"CREATE TABLE inbox (n bigserial PRIMARY KEY, body bytea, taken_at timestamptz DEFAULT now())"


def app_over(pool: AsyncConnectionPool) -> FastAPI:
    """Takes anything that is posted anywhere."""
    app = FastAPI()

    @app.post("/{path:path}", status_code=201)
    async def keep(request: Request) -> JSONResponse:
        await request.json()
        async with pool.connection() as connection:
            await connection.execute("INSERT INTO inbox (body) VALUES (%s)", [await request.body()])
        return JSONResponse({"saved": True}, 201)

    return app


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[AsyncConnectionPool]:
    """A pool whose database has the table."""
    async with AsyncConnectionPool(url, min_size=CONNECTIONS, max_size=CONNECTIONS, open=False) as pool:
        async with pool.connection() as connection:
            await connection.execute(MADE)
        yield pool


async def main(url: str) -> None:
    """Answer until a signal to stop."""
    async with opened(url.replace("+psycopg", "")) as pool:
        config = uvicorn.Config(
            app_over(pool), host="127.0.0.1", port=0, log_config=None, access_log=False, lifespan="off", http="h11"
        )
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve())
        while not server.started:  # noqa: ASYNC110 - it tells by a flag and by nothing else
            await asyncio.sleep(0.01)
        host, port = server.servers[0].sockets[0].getsockname()
        print(f"  API     http://{host}:{port}", file=sys.stderr, flush=True)
        await serving


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1]))
