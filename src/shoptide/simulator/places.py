"""Countries, their provinces and calling codes, as Shopify names them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

# code, calling code, name
_COUNTRIES = """
AF 93 Afghanistan|AX 358 Åland Islands|AL 355 Albania|DZ 213 Algeria|AD 376 Andorra|AO 244 Angola|AI 1 Anguilla
AG 1 Antigua & Barbuda|AR 54 Argentina|AM 374 Armenia|AW 297 Aruba|AU 61 Australia|AT 43 Austria|AZ 994 Azerbaijan
BS 1 Bahamas|BH 973 Bahrain|BD 880 Bangladesh|BB 1 Barbados|BY 375 Belarus|BE 32 Belgium|BZ 501 Belize|BJ 229 Benin
BM 1 Bermuda|BT 975 Bhutan|BO 591 Bolivia|BA 387 Bosnia & Herzegovina|BW 267 Botswana|BR 55 Brazil|BN 673 Brunei
BG 359 Bulgaria|BF 226 Burkina Faso|BI 257 Burundi|KH 855 Cambodia|CM 237 Cameroon|CA 1 Canada|CV 238 Cape Verde
KY 1 Cayman Islands|CF 236 Central African Republic|TD 235 Chad|CL 56 Chile|CN 86 China|CO 57 Colombia|KM 269 Comoros
CG 242 Congo - Brazzaville|CD 243 Congo - Kinshasa|CR 506 Costa Rica|CI 225 Côte d’Ivoire|HR 385 Croatia|CW 599 Curaçao
CY 357 Cyprus|CZ 420 Czechia|DK 45 Denmark|DJ 253 Djibouti|DM 1 Dominica|DO 1 Dominican Republic|EC 593 Ecuador
EG 20 Egypt|SV 503 El Salvador|GQ 240 Equatorial Guinea|ER 291 Eritrea|EE 372 Estonia|SZ 268 Eswatini|ET 251 Ethiopia
FK 500 Falkland Islands|FO 298 Faroe Islands|FJ 679 Fiji|FI 358 Finland|FR 33 France|GF 594 French Guiana
PF 689 French Polynesia|GA 241 Gabon|GM 220 Gambia|GE 995 Georgia|DE 49 Germany|GH 233 Ghana|GI 350 Gibraltar
GR 30 Greece|GL 299 Greenland|GD 1 Grenada|GP 590 Guadeloupe|GT 502 Guatemala|GG 44 Guernsey|GN 224 Guinea
GW 245 Guinea-Bissau|GY 592 Guyana|HT 509 Haiti|HN 504 Honduras|HK 852 Hong Kong SAR|HU 36 Hungary|IS 354 Iceland
IN 91 India|ID 62 Indonesia|IQ 964 Iraq|IE 353 Ireland|IM 44 Isle of Man|IL 972 Israel|IT 39 Italy|JM 1 Jamaica
JP 81 Japan|JE 44 Jersey|JO 962 Jordan|KZ 7 Kazakhstan|KE 254 Kenya|KI 686 Kiribati|XK 383 Kosovo|KW 965 Kuwait
KG 996 Kyrgyzstan|LA 856 Laos|LV 371 Latvia|LB 961 Lebanon|LS 266 Lesotho|LR 231 Liberia|LY 218 Libya
LI 423 Liechtenstein|LT 370 Lithuania|LU 352 Luxembourg|MO 853 Macao SAR|MG 261 Madagascar|MW 265 Malawi
MY 60 Malaysia|MV 960 Maldives|ML 223 Mali|MT 356 Malta|MQ 596 Martinique|MR 222 Mauritania|MU 230 Mauritius
YT 262 Mayotte|MX 52 Mexico|MD 373 Moldova|MC 377 Monaco|MN 976 Mongolia|ME 382 Montenegro|MS 1 Montserrat
MA 212 Morocco|MZ 258 Mozambique|MM 95 Myanmar (Burma)|NA 264 Namibia|NR 674 Nauru|NP 977 Nepal|NL 31 Netherlands
NC 687 New Caledonia|NZ 64 New Zealand|NI 505 Nicaragua|NE 227 Niger|NG 234 Nigeria|MK 389 North Macedonia|NO 47 Norway
OM 968 Oman|PK 92 Pakistan|PS 970 Palestinian Territories|PA 507 Panama|PG 675 Papua New Guinea|PY 595 Paraguay
PE 51 Peru|PH 63 Philippines|PL 48 Poland|PT 351 Portugal|QA 974 Qatar|RE 262 Réunion|RO 40 Romania|RU 7 Russia
RW 250 Rwanda|WS 685 Samoa|SM 378 San Marino|ST 239 São Tomé & Príncipe|SA 966 Saudi Arabia|SN 221 Senegal
RS 381 Serbia|SC 248 Seychelles|SL 232 Sierra Leone|SG 65 Singapore|SX 1 Sint Maarten|SK 421 Slovakia|SI 386 Slovenia
SB 677 Solomon Islands|SO 252 Somalia|ZA 27 South Africa|KR 82 South Korea|SS 211 South Sudan|ES 34 Spain
LK 94 Sri Lanka|KN 1 St. Kitts & Nevis|LC 1 St. Lucia|MF 590 St. Martin|VC 1 St. Vincent & Grenadines|SD 249 Sudan
SR 597 Suriname|SE 46 Sweden|CH 41 Switzerland|TW 886 Taiwan|TJ 992 Tajikistan|TZ 255 Tanzania|TH 66 Thailand
TL 670 Timor-Leste|TG 228 Togo|TO 676 Tonga|TT 1 Trinidad & Tobago|TN 216 Tunisia|TR 90 Türkiye|TM 993 Turkmenistan
TC 1 Turks & Caicos Islands|UG 256 Uganda|UA 380 Ukraine|AE 971 United Arab Emirates|GB 44 United Kingdom
US 1 United States|UY 598 Uruguay|UZ 998 Uzbekistan|VU 678 Vanuatu|VA 39 Vatican City|VE 58 Venezuela|VN 84 Vietnam
VG 1 British Virgin Islands|EH 212 Western Sahara|YE 967 Yemen|ZM 260 Zambia|ZW 263 Zimbabwe
"""

# country: code name, …
_PROVINCES = {
    "CA": "AB Alberta|BC British Columbia|MB Manitoba|NB New Brunswick|NL Newfoundland and Labrador|"
    "NT Northwest Territories|NS Nova Scotia|NU Nunavut|ON Ontario|PE Prince Edward Island|QC Quebec|SK Saskatchewan|"
    "YT Yukon",
    "US": "AL Alabama|AK Alaska|AS American Samoa|AZ Arizona|AR Arkansas|CA California|CO Colorado|CT Connecticut|"
    "DE Delaware|DC Washington DC|FM Micronesia|FL Florida|GA Georgia|GU Guam|HI Hawaii|ID Idaho|IL Illinois|"
    "IN Indiana|IA Iowa|KS Kansas|KY Kentucky|LA Louisiana|ME Maine|MH Marshall Islands|MD Maryland|MA Massachusetts|"
    "MI Michigan|MN Minnesota|MS Mississippi|MO Missouri|MT Montana|NE Nebraska|NV Nevada|NH New Hampshire|"
    "NJ New Jersey|NM New Mexico|NY New York|NC North Carolina|ND North Dakota|MP Northern Mariana Islands|OH Ohio|"
    "OK Oklahoma|OR Oregon|PW Palau|PA Pennsylvania|PR Puerto Rico|RI Rhode Island|SC South Carolina|SD South Dakota|"
    "TN Tennessee|TX Texas|UT Utah|VT Vermont|VI U.S. Virgin Islands|VA Virginia|WA Washington|WV West Virginia|"
    "WI Wisconsin|WY Wyoming|AA Armed Forces Americas|AE Armed Forces Europe|AP Armed Forces Pacific",
    "AU": "ACT Australian Capital Territory|NSW New South Wales|NT Northern Territory|QLD Queensland|"
    "SA South Australia|TAS Tasmania|VIC Victoria|WA Western Australia",
    "BR": "AC Acre|AL Alagoas|AP Amapá|AM Amazonas|BA Bahia|CE Ceará|DF Federal District|ES Espírito Santo|GO Goiás|"
    "MA Maranhão|MT Mato Grosso|MS Mato Grosso do Sul|MG Minas Gerais|PA Pará|PB Paraíba|PR Paraná|PE Pernambuco|"
    "PI Piauí|RN Rio Grande do Norte|RS Rio Grande do Sul|RJ Rio de Janeiro|RO Rondônia|RR Roraima|SC Santa Catarina|"
    "SP São Paulo|SE Sergipe|TO Tocantins",
    "MX": "AGS Aguascalientes|BC Baja California|BCS Baja California Sur|CAMP Campeche|CHIS Chiapas|CHIH Chihuahua|"
    "DF Ciudad de Mexico|COAH Coahuila|COL Colima|DGO Durango|GTO Guanajuato|GRO Guerrero|HGO Hidalgo|JAL Jalisco|"
    "MEX Mexico State|MICH Michoacán|MOR Morelos|NAY Nayarit|NL Nuevo León|OAX Oaxaca|PUE Puebla|Q ROO Quintana Roo|"
    "QRO Querétaro|SLP San Luis Potosí|SIN Sinaloa|SON Sonora|TAB Tabasco|TAMPS Tamaulipas|TLAX Tlaxcala|"
    "VER Veracruz|YUC Yucatán|ZAC Zacatecas",
    "NZ": "AUK Auckland|BOP Bay of Plenty|CAN Canterbury|GIS Gisborne|HKB Hawke’s Bay|MWT Manawatū-Whanganui|"
    "MBH Marlborough|NSN Nelson|NTL Northland|OTA Otago|STL Southland|TKI Taranaki|TAS Tasman|WKO Waikato|"
    "WGN Wellington|WTC West Coast",
    "IE": "CW Carlow|CN Cavan|CE Clare|CO Cork|DL Donegal|D Dublin|G Galway|KY Kerry|KE Kildare|KK Kilkenny|LS Laois|"
    "LM Leitrim|LK Limerick|LD Longford|LH Louth|MO Mayo|MH Meath|MN Monaghan|OY Offaly|RN Roscommon|SO Sligo|"
    "TA Tipperary|WD Waterford|WH Westmeath|WX Wexford|WW Wicklow",
}


@dataclass(frozen=True)
class Country:
    code: str
    calling_code: str
    name: str
    provinces: dict[str, str]  # code → name; empty where the country has none, or we don't know them


@cache
def countries() -> dict[str, Country]:
    """The countries by their two-letter code."""
    entries = [entry.split(" ", 2) for line in _COUNTRIES.split("\n") for entry in line.split("|") if entry.strip()]
    return {code: Country(code, calling, name, _provinces(code)) for code, calling, name in entries}


def _provinces(country: str) -> dict[str, str]:
    found = {}
    for entry in filter(None, _PROVINCES.get(country, "").split("|")):
        code, name = ("Q ROO", "Quintana Roo") if entry.startswith("Q ROO") else entry.split(" ", 1)
        found[code] = name
    return found


@cache
def _by_name() -> dict[str, Country]:
    return {country.name.casefold(): country for country in countries().values()}


def country_named(text: str) -> Country | None:
    """The country of a code or a name, whatever its case."""
    return countries().get(text.strip().upper()) or _by_name().get(text.strip().casefold())


def province_named(country: Country, text: str) -> tuple[str, str] | None:
    """Code and name of a province, asked for by either."""
    wanted = text.strip().casefold()
    pairs = country.provinces.items()
    return next(((code, name) for code, name in pairs if wanted in (code.casefold(), name.casefold())), None)
