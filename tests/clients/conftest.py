"""Where a test fails, the servers' logs say more than the client."""

import pytest
import servers


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.failed:
        report.sections += [(f"log of wellhead at {server.url}", server.log()) for server in servers.running]
    return report
