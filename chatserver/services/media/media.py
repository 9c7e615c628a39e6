"""All that concerns media in one node, wired once."""

from __future__ import annotations

import os

from msgspec import Struct

from chatserver.config import Settings, StartError
from chatserver.providers.blobs import Blobs, open_s3
from chatserver.providers.media.workshop import Workshop
from chatserver.services.access import Access
from chatserver.services.complaints import Complaints
from chatserver.services.limits import Limits
from chatserver.services.media.attaching import Attaching
from chatserver.services.media.links import MediaLinks
from chatserver.services.media.sweeping import Sweeping
from chatserver.services.media.uploads import Keepers, Uploads
from chatserver.store.stores import Stores


class MediaServices(Struct, frozen=True, kw_only=True):
    """What may be done with media. `workshop` is to be closed in the end."""

    uploads: Uploads
    links: MediaLinks
    attaching: Attaching
    sweeping: Sweeping
    workshop: Workshop
    blobs: Blobs


def open_media(
    settings: Settings, stores: Stores, access: Access, complaints: Complaints, limits: Limits
) -> MediaServices:
    """The services over what keeps media by the settings; nothing is started yet.

    Raises:
        StartError: the settings of what keeps them cannot be used.
    """
    folder = settings.media_temp_dir
    if folder and not os.access(folder, os.W_OK | os.X_OK):
        raise StartError(f"CHAT_MEDIA_TEMP_DIR={folder}: there is no such folder to write to")
    blobs: Blobs = open_s3(settings) or stores.gridfs
    workshop = Workshop(settings)
    return MediaServices(
        uploads=Uploads(stores, Keepers(workshop, blobs), limits, settings),
        links=MediaLinks(stores, access, complaints, blobs, settings),
        attaching=Attaching(stores, settings),
        sweeping=Sweeping(stores, blobs, settings),
        workshop=workshop,
        blobs=blobs,
    )
