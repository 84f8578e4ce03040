"""The mail with an entrance: the link goes to the person alone, where the server has a mail host."""

from smtplib import SMTPException

from django.conf import settings
from django.core.mail import send_mail
from django.utils import translation
from django.utils.translation import gettext as _

from inspection.models import User


def send(user: User, path: str) -> bool:
    """Write the link to the person, in their language. False where it could not be sent: then it is handed over."""
    if not settings.EMAIL_HOST or not user.email:
        return False
    facts = {"name": user.username, "address": settings.PUBLIC_URL + path}
    with translation.override(user.language or translation.get_language()):
        title = _("Your way into Tollgate")
        text = _(
            "Sign in as %(name)s. Choose a password here first, on your own machine; the link is good once, for "
            "three days:\n%(address)s"
        )
        try:
            send_mail(title, text % facts, None, [user.email])
        except (SMTPException, OSError):
            return False
    return True
