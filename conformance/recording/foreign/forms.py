"""The table of the forms of recording that are read, the more particular first."""

from __future__ import annotations

from conformance.recording.foreign.go_vcr import GO_VCR
from conformance.recording.foreign.har import HAR
from conformance.recording.foreign.http_vcr import HTTP_VCR
from conformance.recording.foreign.httprr import HTTPRR
from conformance.recording.foreign.vcr import VCR
from conformance.recording.foreign.vcr_lists import VCR_LISTS

FORMS = (HTTPRR, HAR, HTTP_VCR, GO_VCR, VCR, VCR_LISTS)
