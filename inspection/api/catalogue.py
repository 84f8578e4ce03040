"""Every refusal of the API by its stable code: what it is called, why it comes and what helps."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Entry:
    """One kind of problem. `code` and `status` never change; the texts follow the reader's language."""

    code: str
    status: int
    title: Promise
    cause: Promise
    fix: Promise
    retryable: bool = False
    """Whether the very same request may succeed later."""


_ENTRIES = (
    Entry(
        "bad-request",
        400,
        _("Request cannot be understood"),
        _("The request is not well formed, or its Host is not one of this server's names."),
        _("Check address, headers and body."),
    ),
    Entry(
        "malformed-json",
        400,
        _("Body is not valid JSON"),
        _("The body is cut short, repeats a key, nests too deeply, is not UTF-8 or holds NaN or Infinity."),
        _("Send one JSON document in UTF-8 (RFC 8259) with each key once."),
    ),
    Entry(
        "malformed-multipart",
        400,
        _("Form body cannot be read"),
        _("The multipart body has no boundary, or its parts are broken."),
        _("Send multipart/form-data (RFC 7578) whose boundary is the one in Content-Type."),
    ),
    Entry(
        "malformed-text",
        400,
        _("Text is not valid UTF-8"),
        _("A form field holds bytes that are not UTF-8."),
        _("Encode every field as UTF-8."),
    ),
    Entry(
        "body-incomplete",
        400,
        _("Body ended early"),
        _("Fewer bytes arrived than Content-Length says, or the last boundary is missing."),
        _("Send the whole body again with the same Idempotency-Key."),
        retryable=True,
    ),
    Entry(
        "image-missing",
        400,
        _("No image in the request"),
        _("The form has no file under the name the contract gives it."),
        _("Send the picture as the file field image (images for a batch)."),
    ),
    Entry(
        "image-empty", 400, _("Image is empty"), _("The file has no bytes."), _("Look at the camera and send again.")
    ),
    Entry(
        "idempotency-key-missing",
        400,
        _("Idempotency-Key is missing"),
        _("An image is taken in only with a key, so that sending it twice never makes two parts."),
        _("Make one key per picture and send it with every attempt."),
    ),
    Entry(
        "idempotency-key-invalid",
        400,
        _("Idempotency-Key is not usable"),
        _("The key is longer than 255 characters or holds others than visible ASCII."),
        _("Use a UUID or another short printable key."),
    ),
    Entry(
        "unauthenticated",
        401,
        _("Sign-in needed"),
        _("There are no credentials, or they are wrong, expired or withdrawn."),
        _("Send a live station key, a person's token or a session."),
    ),
    Entry(
        "clock-skew",
        401,
        _("Signature's time is too far off"),
        _("The time of the signature differs from the server's by more than 300 seconds."),
        _("Set the station's clock by server_time of this answer and sign again."),
    ),
    Entry(
        "signature-invalid",
        401,
        _("Signature does not fit"),
        _("Method, path, time, nonce or body are not what was signed, or the key is another."),
        _("Sign method, path, timestamp, nonce and the SHA-256 of the body, joined by line feeds."),
    ),
    Entry(
        "nonce-replayed",
        401,
        _("Signed request came twice"),
        _("A nonce is good for one request only."),
        _("Sign every attempt anew, with a new nonce."),
    ),
    Entry(
        "forbidden",
        403,
        _("Not allowed"),
        _("You are known, but this is not yours to do."),
        _("Ask an administrator for the role, or use the key of the right station."),
    ),
    Entry(
        "csrf-failed",
        403,
        _("Request does not come from our page"),
        _("A signed-in browser sent no valid CSRF token."),
        _("Reload the page; programs use a token instead of a session."),
    ),
    Entry(
        "insufficient-scope",
        403,
        _("Token may not do this"),
        _("The token was made without the scope that this request needs."),
        _("Make a token with the scope read or write, as needed."),
    ),
    Entry(
        "self-approval",
        403,
        _("Own proposals are signed by others"),
        _("The second signature must come from another QA lead than the first."),
        _("Ask another QA lead of the line to approve."),
    ),
    Entry(
        "second-factor-required",
        403,
        _("Second factor is missing"),
        _("QA leads and administrators work with a second factor, and you have none yet."),
        _("Sign in with a browser and set up an authenticator."),
    ),
    Entry(
        "not-confirmed",
        403,
        _("Signature was not confirmed"),
        _("The password or code given with the signature is not yours."),
        _("Sign again with your own password or a fresh code."),
    ),
    Entry(
        "proposal-closed",
        409,
        _("Proposal is closed"),
        _("The proposal was approved, rejected or voided before, or has its first signature already."),
        _("Reload the line: a new proposal opens when its gate is open."),
    ),
    Entry(
        "already-stopped",
        409,
        _("Line is stopped already"),
        _("STOP is in force: everything goes to people."),
        _("Two leads resume the line when its cause is mended."),
    ),
    Entry(
        "not-stopped",
        409,
        _("Line is not stopped"),
        _("There is no STOP to resume from."),
        _("Reload the line."),
    ),
    Entry(
        "conflict-of-interest",
        403,
        _("Own readings are ruled on by others"),
        _("You judged this image yourself, so you cannot rule on it."),
        _("Leave it to another adjudicator."),
    ),
    Entry(
        "not-found",
        404,
        _("Not here"),
        _("There is nothing at this address, or it is not yours to see."),
        _("Check the address and the line."),
    ),
    Entry(
        "method-not-allowed",
        405,
        _("Method not allowed"),
        _("This address does not take that method."),
        _("Use one of the methods in the Allow header."),
    ),
    Entry(
        "not-acceptable",
        406,
        _("Answer format not available"),
        _("The API answers in JSON only."),
        _("Accept application/json."),
    ),
    Entry(
        "idempotency-running",
        409,
        _("Same request is still running"),
        _("A request with this Idempotency-Key is at work right now."),
        _("Wait a moment and send it again with the same key."),
        retryable=True,
    ),
    Entry(
        "scope-unsigned",
        409,
        _("Scope is not signed yet"),
        _("Nobody has signed what this line is for, so nothing is collected on it."),
        _("A QA lead signs the scope on the line's plan page; then send the same request again."),
        retryable=True,
    ),
    Entry(
        "conflict",
        409,
        _("State has moved on"),
        _("Somebody else changed this in the meantime."),
        _("Load it again and decide anew."),
    ),
    Entry(
        "lease-lost",
        409,
        _("Image is no longer yours"),
        _("The lease ended, or another tab holds the image."),
        _("Take the next image; nothing was recorded twice."),
    ),
    Entry(
        "already-decided",
        409,
        _("Already decided"),
        _("There is a decision of yours in this round."),
        _("Go on to the next image."),
    ),
    Entry(
        "undo-expired",
        409,
        _("Too late to undo"),
        _("The decision is final: its undo window has closed."),
        _("Ask a QA lead for an adjudication."),
    ),
    Entry(
        "gate-shut",
        409,
        _("Gate is shut"),
        _("The evidence does not open the gate to this level."),
        _("See the gate's reasons on the automation page."),
    ),
    Entry(
        "evidence-stale",
        409,
        _("Evidence has changed"),
        _("The evidence is not what the proposal froze, so the proposal is void."),
        _("Propose again on the evidence of now."),
    ),
    Entry(
        "length-required",
        411,
        _("Content-Length needed"),
        _("The body came without its length."),
        _("Send Content-Length; chunked bodies are not taken."),
    ),
    Entry(
        "image-too-large",
        413,
        _("Image is too large"),
        _("The image has more bytes than the line takes."),
        _("Compress it more, or send a smaller picture."),
    ),
    Entry(
        "body-too-large",
        413,
        _("Body is too large"),
        _("The body has more bytes than this address takes."),
        _("Send less at once."),
    ),
    Entry(
        "image-type-unsupported",
        415,
        _("Not a supported image"),
        _("The bytes are not a JPEG, PNG or WebP, or not what their Content-Type says."),
        _("Send JPEG, PNG or WebP with its own Content-Type."),
    ),
    Entry(
        "unsupported-media-type",
        415,
        _("Body format not taken"),
        _("This address does not take that Content-Type."),
        _("Send multipart/form-data for images, application/json for all else."),
    ),
    Entry(
        "model-type-unsupported",
        415,
        _("Not a supported model file"),
        _("Over HTTP a model comes as safetensors only."),
        _("Export safetensors; other formats are registered on the command line."),
    ),
    Entry(
        "image-corrupt",
        422,
        _("Image cannot be read"),
        _("The file is cut short or damaged."),
        _("Look at camera and transfer, and take the picture again."),
    ),
    Entry(
        "image-dimensions",
        422,
        _("Image has the wrong size"),
        _(
            "A side is below 64 or above 12,000 pixels, one side is more than 20 times the other, "
            "or there are more pixels than the line takes."
        ),
        _("Crop or scale at the camera."),
    ),
    Entry(
        "image-too-complex",
        422,
        _("Image is too costly to decode"),
        _("The JPEG has more than 100 scans."),
        _("Save it as a baseline or ordinary progressive JPEG."),
    ),
    Entry(
        "image-animated",
        422,
        _("Image is animated"),
        _("The file holds several frames."),
        _("Send one still picture."),
    ),
    Entry(
        "image-count",
        422,
        _("Wrong number of images"),
        _("One request brings one image; a batch brings 1 to 2,000."),
        _("Send one image per request, or use a batch."),
    ),
    Entry(
        "archive-unreadable",
        422,
        _("Archive cannot be read"),
        _("The file is not a plain zip archive, or it is damaged or encrypted."),
        _("Send an ordinary zip without a password."),
    ),
    Entry(
        "idempotency-key-reused",
        422,
        _("Idempotency-Key came before with another body"),
        _("The key belongs to another image, serial, view, capture time or meta."),
        _("Make a new key for a new picture."),
    ),
    Entry(
        "validation",
        422,
        _("Some fields are not valid"),
        _("One or more fields have the wrong type or a value outside their range."),
        _("Correct the fields named in errors."),
    ),
    Entry(
        "unknown-field",
        422,
        _("Unknown field"),
        _("The request holds a field that this address does not know."),
        _("Leave it out; the API description lists the fields."),
    ),
    Entry(
        "level-order",
        422,
        _("One rung at a time"),
        _("A proposal goes to the next level up; lowering goes to a level below."),
        _("Choose the level that comes next."),
    ),
    Entry(
        "url-not-allowed",
        422,
        _("Address not allowed"),
        _("Webhooks go to https addresses of the allow list, never to private networks."),
        _("Ask an administrator to allow the host."),
    ),
    Entry(
        "rate-limited",
        429,
        _("Too many requests"),
        _("You send faster than the rate that is set for you."),
        _("Wait for the time in Retry-After, then send the same request again."),
        retryable=True,
    ),
    Entry(
        "internal",
        500,
        _("Fault on our side"),
        _("Something failed that should not. It was logged under request_id."),
        _("Send the same request again; if it fails again, tell us the request_id."),
        retryable=True,
    ),
    Entry(
        "database-unavailable",
        503,
        _("Database does not answer"),
        _("The database is restarting, busy or away. Nothing was acknowledged."),
        _("Send the same request again after Retry-After."),
        retryable=True,
    ),
    Entry(
        "storage-unavailable",
        503,
        _("Image store does not answer"),
        _("The store could not promise to keep the file. Nothing was acknowledged."),
        _("Send the same request again after Retry-After."),
        retryable=True,
    ),
    Entry(
        "storage-full",
        507,
        _("Storage is full"),
        _("There is no room for the file. Nothing was acknowledged."),
        _("Free space or raise the quota, then send again."),
        retryable=True,
    ),
)

CATALOGUE: dict[str, Entry] = {entry.code: entry for entry in _ENTRIES}
