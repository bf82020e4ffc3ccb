"""A message by mail: the hit's id and the link, once more marked where it may have arrived before."""

from __future__ import annotations

import smtplib
import ssl
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP

from alpr_assets.access import mail
from alpr_assets.access.mail import MailServer
from alpr_assets.lifecycle.alerts.messages import Alert, Failed


def letter(server: MailServer, to: str, alert: Alert, *, at: datetime) -> EmailMessage:
    """The mail of one attempt. Its Message-ID is the same over all attempts: mail programs show it once."""
    message = EmailMessage(policy=SMTP)
    message["From"] = server.sender
    message["To"] = mail.checked_address(to)
    message["Subject"] = f"Hit {alert.hit_id}{' (sent again)' if alert.duplicate else ''}"
    message["Date"] = at
    message["Message-ID"] = f"<{alert.delivery_id}@{server.sender.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    again = f"\nAttempt {alert.attempt}: this may have arrived before.\n" if alert.duplicate else ""
    message.set_content(f"Hit {alert.hit_id} waits to be verified:\n{alert.link}\n{again}", cte="7bit")
    return message


def post(
    server: MailServer, to: str, alert: Alert, *, at: datetime, timeout_seconds: float, trust: ssl.SSLContext
) -> Failed | None:
    """Try once. None: the mail server took it."""
    try:
        mail.send(server, letter(server, to, alert, at=at), trusted=trust, timeout_seconds=timeout_seconds)
    except smtplib.SMTPRecipientsRefused as error:
        codes = sorted({code for code, _ in error.recipients.values()})
        return Failed(f"smtp_{codes[0]}" if codes else "smtp_refused")
    except smtplib.SMTPResponseException as error:
        return Failed(f"smtp_{error.smtp_code}")
    except ssl.SSLCertVerificationError:
        return Failed("certificate")
    except TimeoutError:
        return Failed("timeout")
    except (smtplib.SMTPException, OSError) as error:
        return Failed(type(error).__name__)
    return None
