"""Lightning Experience: the page people work in, and the host side of Open CTI."""
