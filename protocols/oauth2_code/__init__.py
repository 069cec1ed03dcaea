"""The code grant of OpenID Connect with PKCE and pushed requests: thin, on the flow ``sign_in``.

The HTTP side is ``protocols.oauth2_code.endpoints``.
"""

from protocols.oauth2_code.authorize import Authorize
from protocols.oauth2_code.parameters import CODE_GRANT
from protocols.oauth2_code.redemption import CodeGrant
from protocols.oauth2_code.sweep import forget_code_rows
from protocols.oauth2_code.tables import CODE_TABLES

__all__ = ["CODE_GRANT", "CODE_TABLES", "Authorize", "CodeGrant", "forget_code_rows"]
