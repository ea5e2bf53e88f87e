# SPDX-License-Identifier: BSD-2-Clause
"""Reads a report of --junit, checks what must hold in each, and has its cases as plain data."""
import re
import xml.etree.ElementTree as tree


def read(path):
    """(attributes of the suite, [case...]); a case is a dict with what there is of it."""
    root = tree.parse(path).getroot()
    assert root.tag == 'testsuites', root.tag
    (suite,) = root
    assert suite.tag == 'testsuite', suite.tag
    cases = [case(c) for c in suite]
    for name in ('name', 'tests', 'failures', 'errors', 'time'):
        assert root.get(name) == suite.get(name), name
    of = lambda kind: sum(kind in c for c in cases)
    counts = {'tests': len(cases), 'failures': of('failure'), 'errors': of('error'), 'skipped': of('skipped')}
    for name, count in counts.items():
        assert suite.get(name) == str(count), (name, suite.get(name), count)
    names = [(c['classname'], c['name']) for c in cases]
    assert len(set(names)) == len(names), names
    return dict(suite.attrib), cases


def case(element):
    assert element.tag == 'testcase', element.tag
    found = dict(element.attrib, earlier=[])
    for child in element:
        if child.tag in ('flakyFailure', 'rerunFailure'):
            found['earlier'].append((child.tag, child.get('type'), child.findtext('stackTrace'),
                                     child.findtext('system-out'), child.findtext('system-err')))
            continue
        assert child.tag not in found and len(child) == 0, child.tag
        found[child.tag] = child.text or ''
        for name in ('message', 'type'):
            if child.get(name) is not None:
                found[name] = child.get(name)
    return found
