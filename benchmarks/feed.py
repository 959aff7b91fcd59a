"""From the commit of an event to its arrival at a websocket client, with 1, 50 and 200 clients."""

import asyncio
import json
import multiprocessing
import time
from multiprocessing.connection import Connection

from websockets.asyncio.client import ClientConnection, connect

from benchmarks.figures import HEAD, Sample, show
from benchmarks.running import running_product
from tests.product import Product

ROUNDS = 100
CLIENTS = (1, 50, 200)
TOPIC = "bench.tick"


def main(scale: float) -> None:
    """Print the table."""
    rounds = max(5, int(ROUNDS * scale))
    with running_product() as product:
        samples = [_measure(product, clients, rounds) for clients in CLIENTS]
    show(
        "Event committed → websocket client (every client counts; ratio to one client)",
        HEAD,
        [s.row(samples[0]) for s in samples],
    )


def _measure(product: Product, clients: int, rounds: int) -> Sample:
    """Events are committed in this process; the clients are in another, on the same clock."""
    from procedures.recorder import recording

    mine, theirs = multiprocessing.get_context("spawn").Pipe()
    token = product.http.headers["Authorization"]
    arguments = (theirs, product.url.replace("http", "ws"), token, clients, rounds)
    process = multiprocessing.get_context("spawn").Process(target=_listen, args=arguments)
    process.start()
    mine.recv()  # all are connected
    committed = []
    for number in range(rounds):
        with recording() as record:
            record.announce(TOPIC, {"number": number})
        committed.append(time.monotonic())
        mine.recv()  # the last client has it
    arrivals: list[tuple[int, float]] = mine.recv()
    process.join()
    return Sample(f"{clients} clients", [max(0.0, at - committed[number]) for number, at in arrivals])


def _listen(pipe: Connection, url: str, token: str, clients: int, rounds: int) -> None:
    asyncio.run(_clients(pipe, url, token, clients, rounds))


async def _clients(pipe: Connection, url: str, token: str, clients: int, rounds: int) -> None:
    arrivals: list[tuple[int, float]] = []
    heard = [0] * rounds
    sockets = [await connect(f"{url}ws/events/", additional_headers={"Authorization": token}) for _ in range(clients)]

    async def follow(socket: ClientConnection) -> None:
        async for message in socket:
            at = time.monotonic()
            for event in json.loads(message).get("events", []):
                if event["topic"] != TOPIC:
                    continue
                number = event["payload"]["number"]
                arrivals.append((number, at))
                heard[number] += 1
                if heard[number] == clients:
                    pipe.send(number)
                    if number == rounds - 1:
                        return_when_done.set()

    return_when_done = asyncio.Event()
    for socket in sockets:
        await socket.recv()  # hello
    followers = [asyncio.create_task(follow(socket), name=f"client {i}") for i, socket in enumerate(sockets)]
    pipe.send("connected")
    await return_when_done.wait()
    pipe.send(arrivals)
    for follower in followers:
        follower.cancel()
    await asyncio.gather(*(socket.close() for socket in sockets))
