"""This package is a campaign led by hand: asked, told, failed, corrected, given back, added to, changed, foretold."""
