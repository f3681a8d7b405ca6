"""Tracking numbers of parcels: what an input means, and where known carriers show a parcel. Registers nothing."""

from __future__ import annotations

from urllib.parse import quote

from shoptide.simulator.registry import Args
from shoptide.simulator.shop import Record

CARRIERS = {
    "Canada Post": "https://www.canadapost-postescanada.ca/track-reperage/en#/search?searchFor={}",
    "DHL Express": "https://www.dhl.com/global-en/home/tracking.html?tracking-id={}&submit=1",
    "DPD": "https://tracking.dpd.de/parcelstatus?query={}&locale=en",
    "FedEx": "https://www.fedex.com/fedextrack/?trknbr={}",
    "Royal Mail": "https://www.royalmail.com/track-your-item#/tracking-results/{}",
    "UPS": "https://www.ups.com/WebTracking?loc=en_US&requester=ST&trackNums={}",
    "USPS": "https://tools.usps.com/go/TrackConfirmAction.action?tLabels={}",
}


def entries(given: Args) -> list[Record]:
    """One entry a parcel: `number`/`url` of a single one, or the lists `numbers`/`urls` side by side."""
    numbers = given.get("numbers") or ([given["number"]] if given.get("number") else [])
    urls = given.get("urls") or ([given["url"]] if given.get("url") else [])
    company = given.get("company")
    found = []
    for index in range(max(len(numbers), len(urls))):
        number = numbers[index] if index < len(numbers) else None
        url = urls[index] if index < len(urls) else address(company, number)
        found.append({"number": number, "url": url, "company": company})
    return found or ([{"number": None, "url": None, "company": company}] if company else [])


def address(company: str | None, number: str | None) -> str | None:
    """Where a carrier that the store knows shows the parcel."""
    pattern = CARRIERS.get(company or "")
    return pattern.format(quote(number)) if pattern and number else None
