"""Pictures, recordings, videos and files in the pages: sent, seen, refused, sent again."""

from __future__ import annotations

import asyncio
import io
import re
from base64 import b64encode
from pathlib import Path

import pytest
from PIL import Image
from playwright.async_api import Locator, Page, Route, expect

from loadtest.faults.people import eventually
from tests.browser.browsing import Browsing, comes_true, said
from tests.browser.test_customer import Others, mine, others

__all__ = ["others"]

pytestmark = pytest.mark.asyncio(loop_scope="session")

HOSTILE_NAME = '<img src=x onerror="window.broken=1">.txt'

_GIVE = """([way, name, type, encoded]) => {
    const bytes = Uint8Array.from(atob(encoded), (char) => char.charCodeAt(0))
    const data = new DataTransfer()
    data.items.add(new File([bytes], name, { type }))
    const event = way === "paste"
        ? new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true })
        : new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true })
    document.querySelector("textarea").dispatchEvent(event)
}"""


def picture(width: int = 640, height: int = 480) -> bytes:
    """A PNG with colours that differ from place to place."""
    image = Image.linear_gradient("L").resize((width, height))
    colours = Image.merge("RGB", (image, image.rotate(180), Image.new("L", image.size, 128)))
    written = io.BytesIO()
    colours.save(written, "PNG")
    return written.getvalue()


async def give(page: Page, way: str, name: str, kind: str, content: bytes) -> None:
    """Paste a file into the page, or drop it there."""
    await page.evaluate(_GIVE, [way, name, kind, b64encode(content).decode()])
    await expect(page.locator(".staged")).to_be_visible()


async def send(page: Page, caption: str = "") -> None:
    """Send what is staged."""
    await page.locator(".staged .field").fill(caption)
    await page.locator(".staged [type=submit]").click()
    await expect(page.locator(".staged")).to_have_count(0)


async def is_drawn(image: Locator) -> None:
    """A picture from the server is on the screen."""
    await expect(image).to_have_attribute("src", re.compile("/media/"))
    await expect(image).to_have_js_property("complete", True)
    assert await image.evaluate("(image) => image.naturalWidth") > 0


async def test_a_picture_pasted_into_the_page_is_sent_and_opens_large(
    browsing: Browsing, others: Others
) -> None:
    page = await browsing.open(browsing.as_new("mei"), device="phone")
    lin = await others.join("lin")
    conversation = await others.meet(page, lin)
    await give(page, "paste", "宝宝.png", "image/png", picture())
    await browsing.keep(page, "media-staged")
    await browsing.require_no_barrier(page)
    await send(page, "三个月啦")
    await expect(mine(page).last.locator(".ticks")).to_have_class(re.compile("delivered|sent|read"))
    await is_drawn(mine(page).last.locator(".picture__shown"))
    await expect(mine(page).last).to_contain_text("三个月啦")
    await eventually(
        lambda: lin.conversations[conversation].messages[-1].kind == "image", "Lin has it"
    )
    await browsing.keep(page, "media-picture")
    await mine(page).last.locator("button.picture").click()
    await expect(page.locator(".viewer img")).to_have_attribute("alt", "三个月啦")
    await is_drawn(page.locator(".viewer img"))
    await browsing.keep(page, "media-viewer")
    await page.keyboard.press("Escape")
    await expect(page.locator(".viewer")).to_have_count(0)


async def test_the_other_one_sees_a_picture_at_once_with_its_size_kept(
    browsing: Browsing, others: Others
) -> None:
    page = await browsing.open(browsing.as_new("mei"), device="phone", theme="dark")
    lin = await others.join("lin")
    conversation = await others.meet(page, lin)
    media = await lin.upload(picture(300, 600), kind="image")
    lin.send_media(conversation, media, kind="image")
    shown = said(page).last.locator(".picture__shown")
    await is_drawn(shown)
    box = await shown.bounding_box()
    assert box is not None
    assert abs(box["height"] / box["width"] - 2) < 0.05
    await browsing.keep(page, "media-seen-dark")
    await browsing.require_no_barrier(page)


async def test_a_file_of_the_wrong_type_is_refused_with_a_sentence(
    browsing: Browsing, others: Others
) -> None:
    browsing.forgive("415|422|400")
    page = await browsing.open(browsing.as_new("mei"), language="en")
    await others.meet(page, await others.join("lin"))
    await give(page, "paste", "no.png", "image/png", b"this is no picture at all")
    await send(page)
    failed = mine(page).last.locator(".failed")
    await expect(failed).to_contain_text("This kind of file cannot be sent like this.")
    await browsing.keep(page, "media-refused")
    await failed.get_by_role("button", name="Discard").click()
    await expect(mine(page)).to_have_count(0)


async def test_a_dropped_file_goes_on_after_the_connection_was_cut(
    browsing: Browsing, others: Others
) -> None:
    browsing.forgive("ERR_FAILED|Failed to load resource")
    page = await browsing.open(browsing.as_new("mei"))
    lin = await others.join("lin")
    conversation = await others.meet(page, lin)
    cut = 0

    async def lose(route: Route) -> None:
        nonlocal cut
        cut += 1
        await (route.abort() if cut in (1, 3) else route.continue_())

    await page.route("**/media/uploads**", lose)
    content = bytes(range(256)) * 2048
    await give(page, "drop", HOSTILE_NAME, "text/plain", content)
    await send(page)
    await expect(mine(page).last.locator("button.file")).to_contain_text(HOSTILE_NAME)
    assert cut > 3
    assert await page.evaluate("window.broken") is None
    await browsing.keep(page, "media-file")
    await eventually(
        lambda: lin.conversations[conversation].messages[-1].kind == "file", "Lin has it"
    )
    async with page.expect_download() as download:
        await mine(page).last.locator("button.file").click()
    path = await (await download.value).path()
    assert await asyncio.to_thread(Path(path).read_bytes) == content


_SING = """() => {
    navigator.mediaDevices.getUserMedia = async () => {
        const context = new AudioContext()
        const [tone, stream] = [context.createOscillator(), context.createMediaStreamDestination()]
        tone.connect(stream)
        tone.start()
        return stream.stream
    }
}"""


async def test_what_somebody_speaks_is_sent_and_plays(browsing: Browsing, others: Others) -> None:
    page = await browsing.open(browsing.as_new("mei"), device="phone", language="en")
    lin = await others.join("lin")
    conversation = await others.meet(page, lin)
    await page.evaluate(_SING)
    await page.get_by_role("button", name="Record a voice message").click()
    await expect(page.locator(".recording__time")).to_have_text(re.compile("[1-9]$"))
    await browsing.require_no_barrier(page)
    await browsing.keep(page, "media-recording")
    await page.get_by_role("button", name="Send the voice message").click()
    await eventually(
        lambda: lin.conversations[conversation].messages[-1].kind == "voice", "Lin has it"
    )
    body = lin.conversations[conversation].messages[-1].body
    assert body["duration_ms"] >= 500
    assert len(body["waveform"]) > 3
    play = mine(page).last.get_by_role("button", name="Play the voice message")
    await play.click()
    await comes_true(page, "document.querySelector('audio').played.length > 0")
    await expect(play).to_be_visible()
    await browsing.keep(page, "media-voice")


async def test_an_upload_that_takes_long_can_be_given_up(
    browsing: Browsing, others: Others
) -> None:
    browsing.forgive("ERR_FAILED|Failed to load resource")
    page = await browsing.open(browsing.as_new("mei"), language="en")
    await others.meet(page, await others.join("lin"))

    async def hold(_route: Route) -> None:
        """Nothing is answered."""

    await page.route("**/media/uploads**", hold)
    await give(page, "paste", "slow.png", "image/png", picture())
    await send(page)
    await expect(mine(page).last.get_by_role("progressbar")).to_be_visible()
    await browsing.keep(page, "media-uploading")
    await mine(page).last.get_by_role("button", name="Cancel the upload").click()
    await expect(mine(page)).to_have_count(0)


_FILM = """async () => {
    const canvas = document.createElement("canvas")
    const paint = canvas.getContext("2d")
    const recorder = new MediaRecorder(canvas.captureStream(20), { mimeType: "video/webm" })
    const parts = []
    recorder.ondataavailable = ({ data }) => parts.push(data)
    const stopped = new Promise((done) => recorder.onstop = done)
    recorder.start()
    for (let at = 0; at < 12; at++) {
        paint.fillStyle = `hsl(${at * 30} 60% 60%)`
        paint.fillRect(0, 0, canvas.width, canvas.height)
        await new Promise((next) => setTimeout(next, 50))
    }
    recorder.stop()
    await stopped
    const data = new DataTransfer()
    data.items.add(new File(parts, "short.webm", { type: "video/webm" }))
    const event = new ClipboardEvent("paste", { clipboardData: data, bubbles: true })
    document.querySelector("textarea").dispatchEvent(event)
}"""


async def test_a_short_video_plays_where_it_stands(browsing: Browsing, others: Others) -> None:
    page = await browsing.open(browsing.as_new("mei"), language="en")
    await others.meet(page, await others.join("lin"))
    await page.evaluate(_FILM)
    await send(page)
    video = mine(page).last.locator("video")
    await expect(video).to_have_attribute("src", re.compile("/media/"))
    await video.evaluate("(video) => video.play()")
    await expect(video).to_have_js_property("error", None)
    assert await video.evaluate("(video) => video.videoWidth") > 0
    await browsing.keep(page, "media-video")
