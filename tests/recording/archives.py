"""Recordings as other programs write them, with secrets planted in every place."""

import base64
import json
from typing import Any
from urllib.parse import quote

TOKEN, KEY = "tok-51HqLzKp0v9Xw2", "8d1f5c2b7a9e4f60"
SESSION, ISSUED = "sess_9f8e7d6c5b4a", "iss-77aaQQ11zz"
PASSWORD = "hunter2-Zeppelin"
PERSON, MAIL, PHONE, STREET = "Ada Obiageli", "ada.obiageli@corp.test", "+44 20 7946 0958", "17 Marina Parade"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJlLW9mLWFkYQ"
PLANTED = (TOKEN, KEY, SESSION, ISSUED, PASSWORD, PERSON, MAIL, PHONE, STREET, JWT, "Obiageli", "obiageli")

ORDER = {
    "destination": {"name": "printcompanyx"},
    "orderData": {
        "sourceOrderId": "41324132",
        "customerName": PERSON,
        "extraData": {"note": f"call {PHONE}", MAIL: "key of a member", "inner": json.dumps({"apiKey": KEY})},
        "items": [{"sourceItemId": "ORDER-1", "sku": "SKU-CODE-X", "quantity": 1, "components": []}],
        "shipments": [{"shipTo": {"name": PERSON, "email": MAIL, "phone": PHONE, "address1": STREET}}],
    },
}


def pairs(headers: dict[str, str]) -> list[dict[str, str]]:
    """Headers as HAR has them."""
    return [{"name": name, "value": value} for name, value in headers.items()]


def entry(
    method: str,
    url: str,
    status: int,
    *,
    headers: dict[str, str] | None = None,
    posted: dict[str, Any] | None = None,
    answered: dict[str, Any] | None = None,
    answer_headers: dict[str, str] | None = None,
    second: int = 0,
) -> dict[str, Any]:
    """One entry of an archive."""
    return {
        "startedDateTime": f"2026-03-01T10:00:{second:02d}.000+01:00",
        "time": 12.5,
        "request": {
            "method": method,
            "url": url,
            "httpVersion": "HTTP/2",
            "cookies": [],
            "headers": pairs({":authority": "api.example", **(headers or {})}),
            "queryString": [],
            "headersSize": -1,
            "bodySize": -1,
            **({"postData": posted} if posted else {}),
        },
        "response": {
            "status": status,
            "statusText": "",
            "httpVersion": "HTTP/2",
            "cookies": [],
            "headers": pairs({"content-type": "application/json", **(answer_headers or {})}),
            "content": answered or {"size": 0, "mimeType": "x-unknown"},
            "redirectURL": "",
            "headersSize": -1,
            "bodySize": -1,
        },
        "cache": {},
        "timings": {"send": 0, "wait": 12, "receive": 0.5},
    }


def json_content(value: Any, *, as_base64: bool = False) -> dict[str, Any]:
    """A response's content as HAR has it."""
    text = json.dumps(value)
    if as_base64:
        return {
            "size": len(text),
            "mimeType": "application/json",
            "text": base64.b64encode(text.encode()).decode(),
            "encoding": "base64",
        }
    return {"size": len(text), "mimeType": "application/json", "text": text}


def posted(value: Any) -> dict[str, Any]:
    """A request's body as HAR has it."""
    return {"mimeType": "application/json", "text": json.dumps(value)}


def archive(*entries: dict[str, Any], program: str = "WebInspector") -> dict[str, Any]:
    """An archive as a browser writes it."""
    return {
        "log": {"version": "1.2", "creator": {"name": program, "version": "1"}, "pages": [], "entries": list(entries)}
    }


def order_archive(base: str = "https://pro-api.example.test") -> dict[str, Any]:
    """An order that is made, read again and refused, with secrets planted wherever a recording has a place for one."""
    basic = base64.b64encode(f"ada:{PASSWORD}".encode()).decode()
    credentials = {
        "Content-Type": "application/json",
        "x-oneflow-authorization": f"{TOKEN}:{KEY}",
        "Authorization": f"Basic {basic}",
        "Cookie": f"sid={SESSION}; theme=dark",
        "X-Api-Key": KEY,
    }
    host = base.replace("://", f"://ada:{PASSWORD}@")
    order_id = "5910757faab8ec6f60127999"
    made = {"_id": order_id, "url": f"{base}/order/{order_id}", "timestamp": "2026-03-01T09:00:01.000Z", "jwt": JWT}
    read = {
        "_id": order_id,
        "orderData": ORDER["orderData"],
        "session": {"accessToken": ISSUED},
        "log": f"token={ISSUED} mail {MAIL}",
    }
    return archive(
        entry("GET", "https://fonts.example.test/font.woff2", 200, second=0),
        entry(
            "POST",
            f"{host}/api/order?access_token={TOKEN}&mail={quote(MAIL)}",
            201,
            headers=credentials,
            posted=posted(ORDER),
            answered=json_content(made),
            answer_headers={
                "Set-Cookie": f"sid={SESSION}; Path=/",
                "Location": f"{base}/api/order/{order_id}?code={ISSUED}",
            },
            second=1,
        ),
        entry(
            "GET",
            f"{base}/api/order/{order_id}",
            200,
            headers=credentials,
            answered=json_content(read, as_base64=True),
            second=3,
        ),
        entry(
            "PUT",
            f"{base}/api/order/brandx/{quote(PERSON)}/cancel",
            401,
            headers={**credentials, "Content-Type": "text/plain"},
            posted={"mimeType": "text/plain", "text": f"password: '{PASSWORD}', Bearer {JWT}"},
            answered={"size": 9, "mimeType": "text/plain", "text": f"no access for {MAIL} with {JWT}"},
            answer_headers={"content-type": "text/plain"},
            second=4,
        ),
    )


def order_collection() -> dict[str, Any]:
    """The order of `order_archive` as a Postman collection with saved responses, in a folder, with variables."""
    made = {"_id": "5910757faab8ec6f60127999", "owner": {"email": MAIL, "apiKey": KEY}}
    request = {
        "method": "POST",
        "header": [
            {"key": "x-oneflow-authorization", "value": "{{token}}"},
            {"key": "X-Old", "value": KEY, "disabled": True},
        ],
        "auth": {"type": "bearer", "bearer": [{"key": "token", "value": TOKEN}]},
        "body": {"mode": "raw", "raw": json.dumps(ORDER), "options": {"raw": {"language": "json"}}},
        "url": {"raw": "{{base}}/api/order?api_key={{key}}", "host": ["{{base}}"], "path": ["api", "order"]},
    }
    read = {
        "method": "GET",
        "header": "x-oneflow-authorization: {{token}}\n",
        "url": {"raw": "{{base}}/api/order/:id", "variable": [{"key": "id", "value": "5910757faab8ec6f60127999"}]},
    }
    answer = {"header": [{"key": "Date", "value": "Sun, 01 Mar 2026 09:00:00 GMT"}], "_postman_previewlanguage": "json"}
    return {
        "info": {"name": "Orders", "schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"},
        "variable": [{"key": "token", "value": f"{TOKEN}:{KEY}"}, {"key": "key", "value": KEY}],
        "item": [
            {
                "name": "Orders",
                "item": [
                    {
                        "name": "Make",
                        "request": request,
                        "response": [{**answer, "originalRequest": request, "code": 201, "body": json.dumps(made)}],
                    },
                    {"name": "Read", "request": read, "response": [{**answer, "code": 200, "body": json.dumps(made)}]},
                    {"name": "Never sent", "request": read, "response": []},
                ],
            }
        ],
    }
