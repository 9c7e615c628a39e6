"""Who somebody is: tokens, the keys that sign them, and revocation; all that knows PyJWT."""

from chatserver.services.auth.gate import Auth as Auth
from chatserver.services.auth.tokens import Verifier as Verifier
from chatserver.services.auth.tokens import mint as mint
