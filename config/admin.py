"""The operator's admin site."""

from unfold.sites import UnfoldAdminSite


class PushcartAdminSite(UnfoldAdminSite):
    """unfold's site; the dashboard is its index page."""

    site_title = "Pushcart"
    site_header = "Pushcart"
    enable_nav_sidebar = True
