"""The settings about media: what may be uploaded, where it is kept, and for how long unused."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from chatserver.config_content import ContentSettings, NotNegative, Positive, says

LINKS_MAX_MS = 600_000


class MediaSettings(ContentSettings, frozen=True, kw_only=True):
    """What an operator can turn about media, beside what messages may hold."""

    media_image_bytes: Annotated[Positive, says("largest picture that can be uploaded")] = (
        20_971_520
    )
    media_image_pixels: Annotated[
        Positive,
        says("most pixels of a picture; more is refused before it is decoded (4 bytes each)"),
    ] = 50_000_000
    media_voice_bytes: Annotated[Positive, says("largest voice message")] = 10_485_760
    media_voice_ms: Annotated[
        Positive, says("longest voice message, where its length can be found out")
    ] = 300_000
    media_video_bytes: Annotated[Positive, says("largest video")] = 104_857_600
    media_video_ms: Annotated[
        Positive, says("longest video, where its length can be found out")
    ] = 300_000
    media_file_bytes: Annotated[Positive, says("largest file")] = 104_857_600
    media_unfinished_max: Annotated[
        Positive, says("uploads that one person may have begun and not finished")
    ] = 20
    media_unfinished_bytes: Annotated[
        Positive, says("how large those may be together, once finished")
    ] = 419_430_400
    media_uploads_per_s: Annotated[
        Positive, says("uploads that a person may begin, bursts of 3 times")
    ] = 10
    media_uploads_at_once: Annotated[
        Positive, says("uploads one process receives at the same time; others are told to wait")
    ] = 64
    media_idle_ms: Annotated[
        Positive, says("an upload that sends nothing for this long is cut; it can be resumed")
    ] = 30_000
    media_upload_expires_ms: Annotated[
        Positive, says("an upload not continued for this long is forgotten")
    ] = 86_400_000
    media_orphan_ms: Annotated[
        Positive,
        says("what no message refers to is deleted after this long; never set it below minutes"),
    ] = 86_400_000
    media_sweep_ms: Annotated[
        NotNegative, says("how often that is looked after, by one node; 0: never by this one")
    ] = 60_000
    media_links_ms: Annotated[
        int, Meta(ge=2000, le=LINKS_MAX_MS), says("how long addresses of media are good at most")
    ] = LINKS_MAX_MS
    media_workers: Annotated[
        Positive, says("processes beside each node that look into uploads, started when needed")
    ] = 2
    media_waiting_max: Annotated[
        Positive, says("uploads that may wait for one of those; beyond it they get busy")
    ] = 100
    media_work_ms: Annotated[
        Positive, says("a file that takes longer to look into than this is refused")
    ] = 30_000
    media_work_bytes: Annotated[
        NotNegative,
        says(
            "memory that such a process may take, on Linux; beyond it the file is refused; 0: any"
        ),
    ] = 2_147_483_648
    media_temp_dir: Annotated[
        str, says("folder for uploads while they are looked into; the system's own when empty")
    ] = ""
    media_s3_bucket: Annotated[
        str, says("bucket of an S3 service that keeps media; GridFS in MongoDB when empty")
    ] = ""
    media_s3_endpoint: Annotated[
        str, says("address of that service, such as https://oss.example; Amazon's when empty")
    ] = ""
    media_s3_region: Annotated[str, says("its region")] = "us-east-1"
    media_s3_access_key: Annotated[str, says("its access key")] = ""
    media_s3_secret_key: Annotated[str, says("its secret key")] = ""
