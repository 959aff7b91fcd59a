"""A gigabyte of output: what its page, its end, any of its lines and a search in it cost the server, asked as the page asks."""

import time
import zlib
from datetime import UTC, datetime
from typing import Any

from benchmarks.elsewhere import made
from benchmarks.figures import Sample, show, timed
from tests.product import Product

OUTPUT_BYTES = 1 << 30
KEPT_BYTES = 256 << 20
CHUNK_BYTES = 256 << 10
ROUNDS = 15
HEAD = ["what", "rounds", "median", "p99", "answers", "ratio"]


def measure(product: Product, procedure_id: int, size_bytes: int) -> None:
    """Print the table; the ratio is to the page of a procedure that has printed nothing."""
    path = f"procedures/{procedure_id}/output"
    lines = int(product.http.get(f"procedures/{procedure_id}/").json()["output"]["lines"])
    bare = product.http.get(f"procedures/{made()}/").json()["id"]

    def read(query: str) -> Any:
        return product.http.get(f"{path}/?{query}").raise_for_status()

    summary = timed("its summary", ROUNDS, lambda: product.http.get(f"procedures/{procedure_id}/").raise_for_status())
    yardstick = timed(
        "the summary of one without", ROUNDS, lambda: product.http.get(f"procedures/{bare}/").raise_for_status()
    )
    rows = [
        [*yardstick.row()[:-1], "1", ""],
        *(
            [*sample.row()[:-1], "1", sample.row(yardstick)[-1]]
            for sample in (
                summary,
                timed("its last 1000 lines", ROUNDS, lambda: read("format=frames&tail=1000")),
                timed("a line in its middle", ROUNDS, lambda: read(f"format=frames&line={lines // 2}&limit=32768")),
                timed("a line near its end", ROUNDS, lambda: read(f"format=frames&line={lines - 5000}&limit=32768")),
            )
        ),
        _search(
            product, f"{path}/search/?q=nowhere&limit=1000&count=1", "a word in no line, through all of it", yardstick
        ),
        _search(product, f"{path}/search/?errors=1&limit=1000&count=1", "errors, counted through all of it", yardstick),
    ]
    kept_mib = KEPT_BYTES * size_bytes // OUTPUT_BYTES >> 20
    title = f"{size_bytes / 1e9:.2g} GB of output, of which {kept_mib} MiB are kept (aim: each answer under 300 ms)"
    show(title, HEAD, rows)


def _search(product: Product, address: str, name: str, yardstick: Sample) -> list[str]:
    """Every answer that one search takes; each tells how far it is."""
    sample = Sample(name)
    offset, is_complete = 0, False
    while not is_complete:
        begin = time.perf_counter()
        answer = product.http.get(f"{address}&offset={offset}").raise_for_status().json()
        sample.seconds.append(time.perf_counter() - begin)
        offset, is_complete = answer["next_offset"], answer["is_complete"]
    took = f"{name}: {sum(sample.seconds):.1f} s"
    return [took, *sample.row()[1:-1], str(len(sample.seconds)), sample.row(yardstick)[-1]]


def large_output(size_bytes: int) -> int:
    """A procedure whose script has printed so much, of which head and tail are kept as the manager keeps them; its number."""
    from oet.output import STDOUT, Frame, encode_frame
    from procedures.models import OutputChunk, Procedure

    number = made("RUNNING", "READY", "COMPLETE")
    text = b"".join(b"scan %07d of 14: 60 s, 62 antennas, all is well\n" % n for n in range(CHUNK_BYTES // 49))[:65_000]
    text = text[: text.rindex(b"\n") + 1]
    lines, frames = text.count(b"\n"), CHUNK_BYTES // len(text)
    size = frames * len(text)
    count = size_bytes // size
    half = KEPT_BYTES * size_bytes // OUTPUT_BYTES // 2 // size
    chunks = []
    for place in [*range(half), *range(count - half, count)]:
        data = b"".join(
            encode_frame(
                Frame(0, 1.7e9 + place, STDOUT, place * size + n * len(text), (place * frames + n) * lines, text)
            )
            for n in range(frames)
        )
        chunks.append(
            OutputChunk(
                procedure_id=number,
                offset=place * size,
                first_line=place * frames * lines,
                at=datetime.fromtimestamp(1.7e9 + place, UTC),
                size=size,
                lines=frames * lines,
                is_compressed=True,
                frames=zlib.compress(data, 1),
            )
        )
    OutputChunk.objects.bulk_create(chunks, batch_size=50)
    Procedure.objects.filter(pk=number).update(
        output_bytes=count * size, output_lines=count * frames * lines, last_line="all is well"
    )
    return number
