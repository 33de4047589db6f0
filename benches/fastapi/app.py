"""The page of listings as a FastAPI service would have it: the same request to the marketplace, the
same mapping, the same reply. The benchmark compares the replies before it measures.

It is written as such services are, and not slower than they need be: one client that keeps its
connections, the token from memory, the standard library's C parser, pydantic's models for the reply."""

import json
import os
from contextlib import asynccontextmanager
from datetime import datetime, timezone
from decimal import Decimal
from html import unescape
from typing import Any

import httpx
from fastapi import FastAPI, HTTPException, Query
from pydantic import BaseModel

ORIGIN = os.environ["MARKETPLACE"]
PATH = os.environ["MARKETPLACE_PATH"]
HEADERS = json.loads(os.environ["MARKETPLACE_HEADERS"])

STATES = {
    "draft": "draft",
    "active": "active",
    "inactive": "paused",
    "edit": "paused",
    "sold_out": "sold_out",
    "expired": "expired",
    "removed": "blocked",
    "suppressed": "blocked",
    "frozen": "blocked",
}

# What becomes a member of the contract's; the rest travels in the extension.
KNOWN = {
    "listing_id",
    "title",
    "description",
    "state",
    "creation_timestamp",
    "created_timestamp",
    "original_creation_timestamp",
    "last_modified_timestamp",
    "updated_timestamp",
    "quantity",
    "shop_section_id",
    "url",
    "tags",
    "price",
    "taxonomy_id",
    "images",
    "skus",
}


class Text(BaseModel):
    plain: str


class Money(BaseModel):
    amount: str
    currency: str


class Image(BaseModel):
    id: str | None = None
    source: str
    alt_text: str | None = None


class Listing(BaseModel):
    id: str
    public_id: str | None = None
    skus: list[str]
    state: str
    state_text: str
    title: str
    description: Text
    price: Money | None = None
    quantity: int
    url: str | None = None
    category: str | None = None
    sections: list[str]
    tags: list[str]
    images: list[Image]
    created_at: datetime | None = None
    updated_at: datetime | None = None
    extension: dict[str, Any]


class ListingPage(BaseModel):
    items: list[Listing]
    total: int | None = None


def money(price: dict[str, Any] | None) -> Money | None:
    if price is None:
        return None
    divisor = price["divisor"]
    digits = len(str(divisor)) - 1
    amount = Decimal(price["amount"]) / divisor
    return Money(amount=f"{amount:.{digits}f}", currency=price["currency_code"])


def image(found: dict[str, Any]) -> Image:
    alt_text = found.get("alt_text")
    return Image(
        id=str(found["listing_image_id"]),
        source=found["url_fullxfull"],
        alt_text=unescape(alt_text) if alt_text else None,
    )


def moment(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, timezone.utc)


def listing(found: dict[str, Any]) -> Listing:
    number = str(found["listing_id"])
    state = STATES.get(found["state"], "unknown")
    section = found.get("shop_section_id")
    category = found.get("taxonomy_id")
    return Listing(
        id=number,
        public_id=None if state == "draft" else number,
        skus=[sku for sku in found["skus"] if sku.strip()],
        state=state,
        state_text=found["state"],
        title=unescape(found["title"]),
        description=Text(plain=unescape(found["description"])),
        price=money(found.get("price")),
        quantity=found["quantity"],
        url=found.get("url"),
        category=None if category is None else str(category),
        sections=[] if section is None else [str(section)],
        tags=[unescape(tag) for tag in found["tags"]],
        images=[image(each) for each in sorted(found["images"], key=lambda each: each["rank"])],
        created_at=moment(found.get("original_creation_timestamp")),
        updated_at=moment(found.get("updated_timestamp")),
        extension={name: value for name, value in found.items() if name not in KNOWN},
    )


@asynccontextmanager
async def lifespan(app: FastAPI):
    async with httpx.AsyncClient(base_url=ORIGIN, headers=HEADERS) as client:
        app.state.client = client
        yield


app = FastAPI(lifespan=lifespan)


@app.get("/api/etsy/listings/active", response_model_exclude_none=True)
async def active(limit: int = Query(default=25, ge=1, le=100)) -> ListingPage:
    query = {"state": "active", "limit": limit, "offset": 0, "includes": "Images"}
    reply = await app.state.client.get(PATH, params=query)
    if reply.status_code != 200:
        raise HTTPException(502, f"the marketplace answers {reply.status_code}")
    page = reply.json()
    return ListingPage(items=[listing(each) for each in page["results"]], total=page["count"])
